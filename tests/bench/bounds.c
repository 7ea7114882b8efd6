/* SPDX-License-Identifier: BSD-2-Clause */
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "bounds.h"

/* The first pattern that matches counts. */
static const struct bench_bound bounds[] = {
	{"verdict.lookup.v4.hot.*.allow", BENCH_AT_MOST, 1.45},
	{"verdict.lookup.v4.hot.*.deny", BENCH_AT_MOST, 1.75},
	{"verdict.packet.v4.hot.*.allow", BENCH_AT_MOST, 1.45},
	{"verdict.packet.v4.hot.*.deny", BENCH_AT_MOST, 1.8},
	{"verdict.lookup.v6.hot.1m.allow", BENCH_AT_MOST, 1.6},
	{"verdict.lookup.v6.hot.1m.deny", BENCH_AT_MOST, 1.9},
	{"verdict.packet.v6.hot.1m.allow", BENCH_AT_MOST, 1.6},
	{"verdict.packet.v6.hot.1m.deny", BENCH_AT_MOST, 1.9},
	{"verdict.lookup.v4.cold.1m.allow", BENCH_AT_MOST, 3.5},
	{"verdict.lookup.v4.cold.1m.deny", BENCH_AT_MOST, 4},
	{"verdict.lookup.v6.cold.1m.allow", BENCH_AT_MOST, 3.7},
	{"verdict.lookup.v6.cold.1m.deny", BENCH_AT_MOST, 5},
	{"verdict.lookup.v4.cold.1m.vs_lpm", BENCH_AT_LEAST, 10},
	{"verdict.lookup.v6.cold.1m.vs_lpm", BENCH_AT_LEAST, 12},
	{"verdict.*.unguarded", BENCH_AT_MOST, 1.1},
	{"syn.denied.packet.1m.vs_nft", BENCH_AT_MOST, 0.45},
	{"syn.denied.packet.1m.vs_ipset", BENCH_AT_MOST, 0.25},
	{"syn.denied.reset.1m.vs_nft_drop", BENCH_AT_MOST, 1},
	{"syn.denied.reset.1m.vs_nft_reject", BENCH_AT_MOST, 0.7},
	{"connect.rate.both.vs_none", BENCH_AT_LEAST, 0.95},
	{"connect.rate.lookup.vs_none", BENCH_AT_LEAST, 0.97},
	{"connect.rate.both.vs_nft", BENCH_AT_LEAST, 1},
	{"connect.rate.both.vs_ipset", BENCH_AT_LEAST, 1},
	{"flow.requests.both.vs_none", BENCH_AT_LEAST, 0.97},
	{"reload.v4.1m.ms", BENCH_AT_MOST, 300},
	{"reload.v6.1m.ms", BENCH_AT_MOST, 500},
	{"reload.v4.1m.vs_nft", BENCH_AT_MOST, 0.05},
	{"reload.v4.1m.vs_ipset", BENCH_AT_MOST, 0.15},
	{"memory.*.1m.bytes_per_cidr", BENCH_AT_MOST, 17},
	{"memory.10.kib", BENCH_AT_MOST, 64},
	{"deny.flood.uncounted", BENCH_AT_MOST, 0},
	{"start.ms", BENCH_AT_MOST, 100},
	{"daemon.rss.mib", BENCH_AT_MOST, 6},
};

struct bench_bound bench_bound(const char *id)
{
	for (unsigned i = 0; i < sizeof(bounds) / sizeof(*bounds); i++)
		if (!fnmatch(bounds[i].ids, id, 0))
			return bounds[i];
	return (struct bench_bound){.kind = BENCH_NO_BOUND};
}

bool bench_judges(void)
{
	struct utsname name;
	unsigned major, minor;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 10);
}

bool bench_holds(struct bench_bound bound, double median)
{
	switch (bound.kind) {
	case BENCH_AT_MOST:
		return median <= bound.value;
	case BENCH_AT_LEAST:
		return median >= bound.value;
	case BENCH_NO_BOUND:
		break;
	}
	return true;
}
