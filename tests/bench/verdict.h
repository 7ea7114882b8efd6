/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verdict costs, against programs that do nothing and against the kernel's trie. */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include "context.h"

/* Adds verdict.* and fit.*. Ends the program if a verdict is not the expected one. */
void bench_verdicts(const struct bench_context *context);

#endif
