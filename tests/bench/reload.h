/* SPDX-License-Identifier: BSD-2-Clause */
/* How long from a changed file to its policy in force. */
#ifndef BENCH_RELOAD_H
#define BENCH_RELOAD_H

#include "context.h"

/* Adds reload.*. */
void bench_reload(const struct bench_context *context);

#endif
