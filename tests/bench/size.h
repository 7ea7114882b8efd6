/* SPDX-License-Identifier: BSD-2-Clause */
/* What the policy and the programs take in memory. */
#ifndef BENCH_SIZE_H
#define BENCH_SIZE_H

#include "context.h"

/* Adds memory.*, fit.memory.* and program.*. */
void bench_sizes(const struct bench_context *context);

#endif
