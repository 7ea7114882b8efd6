/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

#define MEASURES 256

static struct bench_measure measures[MEASURES];
static unsigned measure_count;

static regex_t wanted;
static bool everything_wanted = true;

void bench_want(const char *regex)
{
	if (regcomp(&wanted, regex, REG_EXTENDED | REG_NOSUB))
		errx(2, "%s: no regular expression", regex);
	everything_wanted = false;
}

bool bench_wanted(const char *id)
{
	return everything_wanted || !regexec(&wanted, id, 0, NULL, 0);
}

static struct bench_measure *find(const char *id)
{
	for (unsigned i = 0; i < measure_count; i++)
		if (!strcmp(measures[i].id, id))
			return &measures[i];
	return NULL;
}

struct bench_measure *bench_measure(const char *id, const char *unit, const char *against, unsigned rounds)
{
	struct bench_measure *m = &measures[measure_count];

	if (measure_count == MEASURES)
		errx(1, "more than %d measures", MEASURES);
	if (find(id))
		errx(1, "%s is measured twice", id);
	*m = (struct bench_measure){.unit = unit, .against = against, .rounds = rounds};
	snprintf(m->id, sizeof(m->id), "%s", id);
	measure_count++;
	return m;
}

void bench_beside(const char *id, double ns)
{
	struct bench_measure *m = find(id);

	if (!m)
		errx(1, "%s is not measured", id);
	m->ns = ns;
}

const struct bench_measure *bench_measures(unsigned *count)
{
	*count = measure_count;
	return measures;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(const double *figures, unsigned count)
{
	double copy[count];

	memcpy(copy, figures, sizeof(copy));
	qsort(copy, count, sizeof(*copy), ascending);
	return copy[count / 2];
}
