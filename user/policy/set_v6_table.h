/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys to a hash table of an IPv6 set (struct km_v6_table in kubemoat.h). Pure. */
#ifndef KM_SET_V6_TABLE_H
#define KM_SET_V6_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"
#include "policy/lines.h"

/* What a slot of a table holds. */
enum km_v6_slot {
	KM_V6_SLOT_BLOCK = 1,	/* one number, block and tree; see struct km_set_v6 */
	KM_V6_SLOT_NETWORK = 2, /* struct km_v6_network, two numbers */
};

/*
 * Appends a table of `count` slots, given one after the other, to lines and fills *table. The keys must differ. At most
 * two thirds of the homes are taken, and no search has to look at more than KM_V6_PROBES slots. 0, -ENOMEM, or -E2BIG.
 */
int km_v6_table_build(enum km_v6_slot kind, const uint64_t *slots, size_t count, struct km_lines *lines,
		      struct km_v6_table *table);

#endif
