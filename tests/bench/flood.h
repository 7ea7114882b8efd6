/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether every refused SYN is counted when all processors refuse at once. */
#ifndef BENCH_FLOOD_H
#define BENCH_FLOOD_H

#include "context.h"

/* Adds deny.flood.*. */
void bench_flood(const struct bench_context *context);

#endif
