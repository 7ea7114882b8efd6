/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guard leaves of the rate of connections, and of requests on one. */
#ifndef BENCH_CONNECT_H
#define BENCH_CONNECT_H

#include "context.h"

/* Adds connect.* and flow.*. */
void bench_connect(const struct bench_context *context);

#endif
