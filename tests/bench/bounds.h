/* SPDX-License-Identifier: BSD-2-Clause */
/* What the medians have to reach. */
#ifndef BENCH_BOUNDS_H
#define BENCH_BOUNDS_H

#include <stdbool.h>

enum bench_bound_kind { BENCH_NO_BOUND, BENCH_AT_MOST, BENCH_AT_LEAST };

struct bench_bound {
	const char *ids; /* a shell pattern */
	enum bench_bound_kind kind;
	double value;
};

/* The bound of that measure; its kind may be BENCH_NO_BOUND. */
struct bench_bound bench_bound(const char *id);

/*
 * False on a kernel older than 6.10, which does not compile the lookup of a counter into the program: the bounds are
 * not meant for it.
 */
bool bench_judges(void);

bool bench_holds(struct bench_bound bound, double median);

#endif
