/* SPDX-License-Identifier: BSD-2-Clause */
/* Policy and facts in, image out: all precedence is resolved here. Pure, no I/O. */
#ifndef KM_COMPILE_H
#define KM_COMPILE_H

#include "policy/lines.h"
#include "policy/policy.h"
#include "policy/range.h"

/* What only the life cycle knows. */
struct km_image_params {
	uint64_t generation;
	bool packet_layer;	    /* attached and covering: the image's KM_PACKET_LAYER */
	uint16_t slot[KM_SERVICES]; /* counter row of each service of the policy */
};

/*
 * Compiles into *lines (zero-initialised by the caller): header, sets, nodes. Rules whose `until` has passed at
 * facts->now are left out. Loopback and own addresses are never in a service's set: they are the host itself or a
 * martian, which the programs ask where the set says no. 0, -ENOMEM or -E2BIG; free *lines with km_lines_free() either
 * way.
 */
int km_compile(const struct km_policy *policy, const struct km_facts *facts, const struct km_image_params *params,
	       struct km_lines *lines);

/*
 * The addresses that rules allow at `now`, as ascending, disjoint, non-adjacent ranges of one family (malloc'ed,
 * *count may be 0 with *ranges NULL). `rules` must be sorted. Longest prefix decides; equal length: deny wins.
 * 0 or -ENOMEM. The shared step of compile, plan and learn.
 */
int km_rules_ranges(const struct km_rules *rules, enum km_family family, int64_t now, struct km_range **ranges,
		    size_t *count);

#endif
