/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linear probing without wrapping round: slots behind the last home take what does not fit before them, and one more
 * stays empty, so that a search ends in the table.
 *
 *	homes 0 ... 2^bits - 1                    behind them
 *	[ ][k][k][ ][k] ... [ ][k][k]             [k][k][ ]
 */
#include "policy/set_v6_table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#define MULTIPLIERS 4 /* tried for each size */
#define MIN_BITS 5    /* in a small table most searches for what is not there end at once */

/* The multipliers are the outputs of splitmix64, made odd. */
static uint64_t multiplier(unsigned attempt)
{
	uint64_t z = (attempt + 1) * 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return (z ^ z >> 31) | 1;
}

static uint64_t slot_key(enum km_v6_slot kind, const uint64_t *slot)
{
	return kind == KM_V6_SLOT_BLOCK ? *slot >> KM_V6_PLACE_BITS : *slot;
}

static void swap(enum km_v6_slot kind, uint64_t *a, uint64_t *b)
{
	for (size_t i = 0; i < kind; i++) {
		uint64_t kept = a[i];

		a[i] = b[i];
		b[i] = kept;
	}
}

/*
 * Puts every slot into its place. False if one has to go too far. *used: slots up to the last one taken.
 *
 * Who is further from home keeps the place, the other moves on: so distances stay near to their mean, and a table of a
 * million slots that is two thirds full needs no more than about 20 probes.
 */
static bool place(enum km_v6_slot kind, const uint64_t *slots, size_t count, const struct km_v6_table *table,
		  uint64_t *places, size_t *used)
{
	*used = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t slot[KM_V6_SLOT_NETWORK];
		size_t distance = 0, at;

		memcpy(slot, slots + i * kind, kind * sizeof(*slot));
		at = km_v6_home(table, slot_key(kind, slot));
		/* The last number of a slot is 0 only if the slot is empty. */
		for (; places[at * kind + kind - 1]; at++, distance++) {
			uint64_t *taken = places + at * kind;
			size_t its_distance = at - km_v6_home(table, slot_key(kind, taken));

			if (its_distance < distance) {
				swap(kind, slot, taken);
				distance = its_distance;
			}
			if (distance == KM_V6_PROBES - 1)
				return false;
		}
		memcpy(places + at * kind, slot, kind * sizeof(*slot));
		if (*used <= at)
			*used = at + 1;
	}
	return true;
}

int km_v6_table_build(enum km_v6_slot kind, const uint64_t *slots, size_t count, struct km_lines *lines,
		      struct km_v6_table *table)
{
	size_t per_line = KM_LINE / (kind * sizeof(*slots));
	unsigned bits = count ? MIN_BITS : 1;

	while (2 * ((size_t)1 << bits) < 3 * count)
		bits++;
	for (unsigned attempt = 0;; attempt++) {
		size_t homes = (size_t)1 << (bits + attempt / MULTIPLIERS), used;
		struct km_v6_table t = {.multiplier = multiplier(attempt), .shift = 64 - __builtin_ctzl(homes)};
		size_t room = (homes + KM_V6_PROBES + per_line - 1) / per_line;
		uint32_t line;
		int r = room > KM_LINES_MAX_BYTES / KM_LINE ? -E2BIG : km_lines_add(lines, room, &line);

		if (r)
			return r;
		if (place(kind, slots, count, &t, km_lines_at(lines, line), &used)) {
			lines->count = line + ((used < homes ? homes : used) + per_line) / per_line;
			t.slots = line * KM_LINE;
			*table = t;
			return 0;
		}
		lines->count = line;
	}
}
