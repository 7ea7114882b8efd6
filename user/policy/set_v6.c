/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set is seen here as its flips: the addresses at which membership changes, ascending. Flip 2k is the first address
 * of range k, flip 2k + 1 the one after its last. What lies below an odd number of flips is in the set.
 *
 * First the flips are split. Those at the start of a network (a /64) change whole networks; a network with others in it
 * is an exception, whose hosts differ from what holds for the network as a whole:
 *
 *	range 2001:db8:0:1::5 to 2001:db8:0:3::9
 *	flips     ...:1::5          ...:3::a
 *	split     ...:2::           ...:3::         whole networks: only 2 is in
 *	          1: from ::5 on    3: up to ::9    exceptions
 *
 * Then the flips of whole networks are dealt out to blocks (a /33). A block with flips or exceptions in it has a slot
 * and a tree. Between such blocks lie runs of blocks that are all in or all out:
 *
 *	block     0 ...    k  k+1 k+2 k+3    ...                     n
 *	                   [tree] in  in   [tree]  out ...   [tree]  in ...
 *	rest               |----- out -------------------------------|-- in ---
 *
 * `rest` says what holds where a block has no slot. A run that differs from it is given slots if it is short, and turns
 * `rest` round if it is long. The slots of many runs share a leaf.
 */
#include "policy/set_v6.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "policy/addr.h"
#include "policy/set_v6_table.h"
#include "policy/set_v6_tree.h"

#define BLOCKS (1ull << (64 - KM_V6_PLACE_BITS))
#define REST_BLOCKS 4	     /* `rest` knows 31 bits of an address, a block is 33 */
#define LONGEST_RUN 64	     /* of blocks that are given slots: a /27 */
#define MANY_SLOTS (1 << 16) /* a table of 1 MiB */

struct builder {
	struct km_lines *lines;
	uint64_t *networks; /* flips of whole networks */
	size_t network_count;
	uint64_t *exceptions; /* networks, ascending */
	size_t *first_host;   /* of each exception, in `hosts`; one more for the end */
	size_t exception_count;
	uint64_t *hosts; /* flips within the exceptions */

	uint64_t *slots; /* of the table of blocks */
	size_t slot_count, slot_room;
	size_t longest_run, run_slots, run_slots_most;
	uint64_t *rest; /* flips of what has no slot, in units of REST_BLOCKS */
	size_t rest_count;
	bool rest_in;
	uint32_t shared[2][2]; /* leaves without a key: in the set, with exceptions; 0: not made yet */
};

static uint64_t network_of(const struct km_ip *ip)
{
	return (uint64_t)ip->word[0] << 32 | ip->word[1];
}

static uint64_t host_of(const struct km_ip *ip)
{
	return (uint64_t)ip->word[2] << 32 | ip->word[3];
}

struct flip {
	uint64_t network, host;
};

static struct flip flip_at(const struct km_range *ranges, size_t i)
{
	const struct km_range *range = &ranges[i / 2];
	struct flip flip = {network_of(&range->first), host_of(&range->first)};

	if (i & 1) {
		flip.host = host_of(&range->last) + 1;
		flip.network = network_of(&range->last) + !flip.host;
	}
	return flip;
}

/* Two flips at one place are none. */
static void flip_network(struct builder *b, uint64_t network)
{
	if (b->network_count && b->networks[b->network_count - 1] == network)
		b->network_count--;
	else
		b->networks[b->network_count++] = network;
}

static int split(struct builder *b, const struct km_range *ranges, size_t flips)
{
	size_t host_count = 0, next;

	b->networks = malloc((flips + 1) * sizeof(*b->networks));
	b->exceptions = malloc((flips + 1) * sizeof(*b->exceptions));
	b->first_host = malloc((flips + 1) * sizeof(*b->first_host));
	b->hosts = malloc((flips + 1) * sizeof(*b->hosts));
	if (!b->networks || !b->exceptions || !b->first_host || !b->hosts)
		return -ENOMEM;
	for (size_t i = 0; i < flips; i = next) {
		struct flip flip = flip_at(ranges, i);
		uint64_t network = flip.network;
		bool odd;

		for (next = i + 1; next < flips && flip_at(ranges, next).network == network; next++)
			;
		odd = (next - i) & 1;
		/* What is behind the network differs from what is before it: it belongs to one or the other. */
		if (odd && !flip.host) {
			flip_network(b, network);
			i++;
		} else if (odd && network < UINT64_MAX) {
			flip_network(b, network + 1);
		}
		if (i == next)
			continue;
		b->exceptions[b->exception_count] = network;
		b->first_host[b->exception_count++] = host_count;
		for (; i < next; i++)
			b->hosts[host_count++] = flip_at(ranges, i).host;
	}
	b->first_host[b->exception_count] = host_count;
	return 0;
}

/* What a slot of `networks` says of the flips of one exception; a single host needs no tree. */
static int exception_hosts(const uint64_t *flips, size_t count, struct km_lines *lines, __u64 *hosts)
{
	bool single = count == 1 ? flips[0] == UINT64_MAX : count == 2 && flips[1] == flips[0] + 1;
	uint32_t tree;
	int r;

	*hosts = flips[0] ^ KM_V6_HOST;
	if (single && *hosts >= KM_LINES_MAX_BYTES)
		return 0;
	r = km_v6_host_tree_build(flips, count, lines, &tree);
	*hosts = tree;
	return r;
}

static int build_networks(struct builder *b, struct km_v6_table *table)
{
	struct km_v6_network *slots KM_AUTO_FREE = NULL;
	int r = 0;

	if (!b->exception_count)
		return 0;
	slots = malloc(b->exception_count * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; !r && i < b->exception_count; i++) {
		slots[i].network = b->exceptions[i];
		r = exception_hosts(&b->hosts[b->first_host[i]], b->first_host[i + 1] - b->first_host[i], b->lines,
				    &slots[i].hosts);
	}
	return r ?: km_v6_table_build(KM_V6_SLOT_NETWORK, (uint64_t *)slots, b->exception_count, b->lines, table);
}

static int add_slot(struct builder *b, uint64_t block, uint32_t tree)
{
	if (b->slot_count == b->slot_room) {
		size_t room = b->slot_room ? b->slot_room * 2 : 1024;
		uint64_t *slots = realloc(b->slots, room * sizeof(*slots));

		if (!slots)
			return -ENOMEM;
		b->slots = slots;
		b->slot_room = room;
	}
	b->slots[b->slot_count++] = block << KM_V6_PLACE_BITS | tree;
	return 0;
}

/* Slots for blocks [from, to) that are all in, or all out, but for exceptions. */
static int add_shared(struct builder *b, uint64_t from, uint64_t to, bool in, bool exceptions)
{
	uint32_t *tree = &b->shared[in][exceptions];
	int r = 0;

	if (from == to)
		return 0;
	if (!*tree)
		r = km_v6_tree_build(NULL, 0, in, NULL, 0, b->lines, tree);
	if (!r && exceptions)
		((struct km_v6_node *)km_lines_at(b->lines, *tree / KM_LINE))->link |= KM_V6_EXCEPTIONS;
	while (!r && from < to)
		r = add_slot(b, from++, *tree);
	return r;
}

/* Blocks [from, to) are all in or all out. -ENOSPC: too many slots, try again with a shorter longest_run. */
static int add_run(struct builder *b, uint64_t from, uint64_t to, bool in)
{
	uint64_t rest = (from + REST_BLOCKS - 1) / REST_BLOCKS;

	if (from == to || in == b->rest_in)
		return 0;
	if (to - from <= b->longest_run) {
		b->run_slots += to - from;
		if (b->run_slots > b->run_slots_most)
			return -ENOSPC;
	} else if (rest < to / REST_BLOCKS) {
		b->rest[b->rest_count++] = rest;
		b->rest_in = in;
		to = rest * REST_BLOCKS;
	}
	return add_shared(b, from, to, in, false);
}

/* First of values[from...] (below `count`) that lies behind the block. */
static size_t block_end(const uint64_t *values, size_t from, size_t count, uint64_t block)
{
	while (from < count && values[from] >> KM_V6_PLACE_BITS == block)
		from++;
	return from;
}

/* Slots, trees and `rest` for everything. */
static int deal_out(struct builder *b)
{
	size_t flip = 0, exception = 0;
	uint64_t behind = 0; /* the first block that nothing is said of yet */
	bool in = false;
	int r = 0;

	while (!r && (flip < b->network_count || exception < b->exception_count)) {
		uint64_t network = flip < b->network_count ? b->networks[flip] : UINT64_MAX;
		size_t flips_end, exceptions_end;
		uint64_t block;
		uint32_t tree;

		if (exception < b->exception_count && b->exceptions[exception] < network)
			network = b->exceptions[exception];
		block = network >> KM_V6_PLACE_BITS;
		flips_end = block_end(b->networks, flip, b->network_count, block);
		exceptions_end = block_end(b->exceptions, exception, b->exception_count, block);

		r = add_run(b, behind, block, in);
		behind = block;
		if (flip < flips_end && b->networks[flip] == block << KM_V6_PLACE_BITS) {
			in = !in;
			flip++;
		}
		if (!r && flip < flips_end) {
			r = km_v6_tree_build(&b->networks[flip], flips_end - flip, in, &b->exceptions[exception],
					     exceptions_end - exception, b->lines, &tree)
				    ?: add_slot(b, block, tree);
			behind = block + 1;
		} else if (!r && exception < exceptions_end) {
			r = add_shared(b, block, block + 1, in, true);
			behind = block + 1;
		}
		in ^= (flips_end - flip) & 1;
		flip = flips_end;
		exception = exceptions_end;
	}
	return r ?: add_run(b, behind, BLOCKS, in);
}

/* The shorter the runs that are given slots, the fewer slots; `rest` grows instead, and with it what a search costs. */
static int build_blocks(struct builder *b, struct km_set_v6 *set)
{
	uint32_t start = b->lines->count;
	int r = -ENOSPC;

	b->rest = malloc((b->network_count + 1) * sizeof(*b->rest));
	if (!b->rest)
		return -ENOMEM;
	b->run_slots_most = b->network_count < MANY_SLOTS ? MANY_SLOTS : b->network_count;
	for (b->longest_run = LONGEST_RUN; r == -ENOSPC; b->longest_run /= 4) {
		b->lines->count = start;
		b->slot_count = b->run_slots = b->rest_count = 0;
		b->rest_in = false;
		memset(b->shared, 0, sizeof(b->shared));
		r = deal_out(b);
	}
	if (!r && b->rest_count)
		r = km_v6_tree_build(b->rest, b->rest_count, false, NULL, 0, b->lines, &set->rest);
	return r ?: km_v6_table_build(KM_V6_SLOT_BLOCK, b->slots, b->slot_count, b->lines, &set->blocks);
}

int km_set_v6_build(const struct km_range *ranges, size_t count, struct km_lines *lines, struct km_set_v6 *set)
{
	struct builder b = {.lines = lines};
	size_t flips = 2 * count;
	struct km_ip beyond;
	int r;

	/* After the last address there is nothing to flip. */
	if (count && !km_ip_next(KM_V6, ranges[count - 1].last, &beyond))
		flips--;
	*set = (struct km_set_v6){};
	r = split(&b, ranges, flips) ?: build_blocks(&b, set) ?: build_networks(&b, &set->networks);
	free(b.networks);
	free(b.exceptions);
	free(b.first_host);
	free(b.hosts);
	free(b.slots);
	free(b.rest);
	return r;
}
