/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>

#include "compare.h"
#include "measure.h"

bool bench_needs(const struct bench_comparison *comparisons, unsigned count, bool *needed)
{
	bool any = false;

	for (unsigned i = 0; i < count; i++) {
		const struct bench_comparison *c = &comparisons[i];

		if (!bench_wanted(c->id))
			continue;
		any = true;
		needed[c->subject] = true;
		if (c->base != BENCH_NOTHING)
			needed[c->base] = true;
	}
	return any;
}

void bench_conclude(const struct bench_comparison *comparisons, unsigned count, const bench_figures *figures,
		    unsigned rounds)
{
	for (unsigned i = 0; i < count; i++) {
		const struct bench_comparison *c = &comparisons[i];
		struct bench_measure *m;

		if (!bench_wanted(c->id))
			continue;
		m = bench_measure(c->id, c->unit ? c->unit : "ratio", c->against, rounds);
		for (unsigned r = 0; r < rounds; r++)
			m->value[r] = figures[c->subject][r] / (c->base == BENCH_NOTHING ? 1 : figures[c->base][r]);
	}
}
