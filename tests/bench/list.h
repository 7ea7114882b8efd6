/* SPDX-License-Identifier: BSD-2-Clause */
/* Allowlists as large as one likes, and sources that are or are not in them: the same for the same seed. */
#ifndef BENCH_LIST_H
#define BENCH_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "kubemoat.h"
#include "policy/rule.h"
#include "policy/range.h"

enum bench_shape {
	BENCH_V4,	    /* spread evenly, most of them hosts and /24 */
	BENCH_V6,	    /* as addresses are handed out: in skewed blocks of /32, most of the prefixes /48 and /64 */
	BENCH_V4_ONE_BLOCK, /* hosts, all of them in one /8 */
	BENCH_V6_SCATTERED, /* the lengths of BENCH_V6, spread evenly: as addresses are not handed out */
	BENCH_SHAPES
};

struct bench_list {
	enum bench_shape shape;
	enum km_family family;
	size_t blocks;	 /* of BENCH_V6 */
	uint64_t random; /* state of the generator */
	struct km_rules rules;
	struct km_range *ranges; /* what the rules allow */
	size_t range_count;
};

/* `count` prefixes, exceptions none. Ends the program where memory does. */
void bench_list_make(struct bench_list *list, enum bench_shape shape, size_t count, uint64_t seed);
void bench_list_free(struct bench_list *list);

/* A source that the list holds or does not; half of those that it does not are near to one that it does. */
struct km_ip bench_list_source(struct bench_list *list, bool listed);

/* Puts all of it into a trie of prefixes whose values are __u32. Ends the program if it cannot, as both below. */
void bench_list_fill_trie(const struct bench_list *list, int map);

/* Prints each prefix between `before` and `after`. */
void bench_list_print(const struct bench_list *list, FILE *out, const char *before, const char *after);

/* Writes it as an allowlist; `exceptions`: which takes the first address out of one network in a hundred. */
void bench_list_write(const struct bench_list *list, const char *path, bool exceptions);

#endif
