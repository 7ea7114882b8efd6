/* SPDX-License-Identifier: BSD-2-Clause */
/* Allowlists as large as one likes, and sources that are or are not in them: the same for the same seed. */
#ifndef BENCH_LIST_H
#define BENCH_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"
#include "policy/rule.h"
#include "policy/range.h"

struct bench_list {
	enum km_family family;
	uint64_t random; /* state of the generator */
	struct km_rules rules;
	struct km_range *ranges; /* what the rules allow */
	size_t range_count;
};

/*
 * `count` prefixes. IPv4: spread evenly, most of them hosts and /24. IPv6: as addresses are handed out, in skewed
 * blocks of /32, most of the prefixes /48 and /64. Ends the program where memory does.
 */
void bench_list_make(struct bench_list *list, enum km_family family, size_t count, uint64_t seed);
void bench_list_free(struct bench_list *list);

/* A source that the list holds or does not; half of those that it does not are near to one that it does. */
struct km_ip bench_list_source(struct bench_list *list, bool listed);

/* Writes it as an allowlist. Ends the program if it cannot. */
void bench_list_write(const struct bench_list *list, const char *path);

#endif
