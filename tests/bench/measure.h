/* SPDX-License-Identifier: BSD-2-Clause */
/* What is measured: figures of several rounds under an id, and which ids are asked for. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>

/* Odd, all of them: the median is one of the figures. */
#define BENCH_ROUNDS 9
#define BENCH_PAIRED_ROUNDS 15 /* where one per cent counts */
#define BENCH_ROUNDS_MAX 15

#define BENCH_ID_MAX 64

struct bench_measure {
	char id[BENCH_ID_MAX];
	const char *unit;    /* "ratio", "times faster", "ms" */
	const char *against; /* what a ratio is to; NULL: nothing */
	double value[BENCH_ROUNDS_MAX];
	unsigned rounds;
	double ns; /* a figure in time beside a ratio: the median; 0: none */
};

/* Only ids that match the extended regular expression are wanted from now on. Ends the program if it is none. */
void bench_want(const char *regex);

/* True if the measure with that id is asked for. */
bool bench_wanted(const char *id);

/*
 * A new measure with that id, which lives as long as the program, for the caller to fill in. Ends the program if there
 * are too many or one has the id already.
 */
struct bench_measure *bench_measure(const char *id, const char *unit, const char *against, unsigned rounds);

/* Puts a figure in time beside that measure, which has to be there. */
void bench_beside(const char *id, double ns);

/* All measures so far. */
const struct bench_measure *bench_measures(unsigned *count);

/* The middle one of an odd number of figures; does not change them. */
double bench_median(const double *figures, unsigned count);

#endif
