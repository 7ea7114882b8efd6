/* SPDX-License-Identifier: BSD-2-Clause */
/* Alike denials, told as one: same service, source, verdict, reason, rule and port. */
#ifndef KM_GROUPS_H
#define KM_GROUPS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "inforce.h"

struct km_group {
	struct km_denial last;
	uint64_t count;	 /* not told yet */
	int64_t told_at; /* CLOCK_BOOTTIME ns of its last line; 0: none yet */
	unsigned bucket;
	uint32_t next; /* in the bucket: index + 1; 0: the last */
};

#define KM_GROUP_BUCKETS 1024
#define KM_GROUP_HOLD_NS 10000000000 /* alike ones after a line are held back that long, then told as one */
#define KM_GROUPS_LIVE 16384	     /* more kinds than that at a time are told one by one */

/* Zero-initialise. */
struct km_groups {
	struct km_group *list;
	size_t count, room;
	uint32_t bucket[KM_GROUP_BUCKETS]; /* index + 1 of the first; 0: none */
};

/* Counts a denial into its group, which is *group until the next call. 0 or -ENOMEM. */
int km_groups_add(struct km_groups *groups, const struct km_denial *denial, struct km_group **group);

/* Orders by the time of the last of each; afterwards only print and free. */
void km_groups_print_all(struct km_groups *groups, FILE *out);

/*
 * Live: the first of a kind is told at once, alike ones within KM_GROUP_HOLD_NS of a line are counted and told as one
 * after it. `now` is CLOCK_BOOTTIME ns; call tick about every second, with `all` at the end.
 */
void km_groups_live(struct km_groups *groups, const struct km_denial *denial, int64_t now, FILE *out);
void km_groups_tick(struct km_groups *groups, int64_t now, bool all, FILE *out);

void km_groups_free(struct km_groups *groups);

#endif
