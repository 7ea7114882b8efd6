/* SPDX-License-Identifier: BSD-2-Clause */
/* What was measured: figures of several rounds to a median with its spread, a table, a JSON file. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

#define BENCH_ROUNDS 11 /* odd: the median is one of them */
#define BENCH_ID_MAX 64

struct bench_measure {
	char id[BENCH_ID_MAX];
	const char *unit;    /* "ratio", "times faster", "ms" */
	const char *against; /* what a ratio is to; NULL: nothing */
	double value[BENCH_ROUNDS];
	double ns;	   /* median time of a run; 0: does not apply */
	double bound;	   /* the median has to be at most this; 0: no bound */
	bool bound_is_low; /* at least this */
};

/* The middle one of an odd number of figures; does not change them. */
double bench_median(const double *figures, unsigned count);

/* Prints all as a table. Number of those that break their bound. */
unsigned bench_print(const struct bench_measure *measures, unsigned count);

/* Writes {"machine":…,"measures":…}. Ends the program if it cannot. */
void bench_write(const struct bench_measure *measures, unsigned count, const char *path);

#endif
