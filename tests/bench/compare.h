/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subjects that are asked in the same rounds, and what follows from their figures: a table of measures. A ratio is
 * taken within a round, so that what disturbs the machine disturbs both of its sides.
 */
#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

#include <stdbool.h>

#include "measure.h"

#define BENCH_NOTHING (-1)

struct bench_comparison {
	const char *id;
	const char *unit;    /* NULL: "ratio" */
	const char *against; /* as a reader would call it; NULL: nothing */
	unsigned subject;
	int base; /* the subject that its figure is divided by; BENCH_NOTHING: none is */
};

/* The figures of one subject. */
typedef double bench_figures[BENCH_ROUNDS_MAX];

/* Sets needed[subject] for each subject that a wanted measure is made of. False if none is. */
bool bench_needs(const struct bench_comparison *comparisons, unsigned count, bool *needed);

/* Adds the wanted measures. */
void bench_conclude(const struct bench_comparison *comparisons, unsigned count, const bench_figures *figures,
		    unsigned rounds);

#endif
