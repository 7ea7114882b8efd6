/* SPDX-License-Identifier: BSD-2-Clause */
/* How long the guard takes to enforce, and what its daemon takes in memory. */
#ifndef BENCH_START_H
#define BENCH_START_H

#include "context.h"

/* Adds start.ms and daemon.rss.mib. */
void bench_start_up(const struct bench_context *context);

#endif
