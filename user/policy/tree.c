/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set is seen here as its flips: the addresses at which membership changes, ascending. Flip 2k is the first address
 * of range k, flip 2k + 1 the one after its last; so an address is in the set if an odd number of flips is at or
 * below it, and the number of a flip alone says what it flips to.
 *
 * Each word of the address is cut into intervals on its own. A flip in the middle of a word's value makes an interval
 * of that one value, which leads on to a tree over the next word; all other intervals are answers. Here for word 0 of
 * the range 2001:db8:0:1:: to 2001:db9:ffff:...:ffff:
 *
 *	flips              2001:db8:0:1::                    2001:dba::
 *	word 0    ------------[20010db8]---------20010db9--------|-----------------
 *	intervals       out       deep              in                  out
 *	                            |
 *	word 1                     ---------|----------------------
 *	                              out   1         in
 *
 * The intervals of one word become a search tree of nodes with 15 children, filled from the left, so that only its
 * right edge is ragged. An interval that is alone in its child's place moves up into the parent:
 *
 *	31 intervals     [ . . 30 ]            slots 0 and 1: nodes; slot 2: interval 30 itself
 *	                   | |
 *	         [ 0 .. 14 ] [ 15 .. 29 ]      on consecutive lines
 *
 * Depth: n intervals of a word need ceil(log15 n) nodes on a path and, all in all, more than n / 15 lines. Word 0 is
 * cut by the index first: at most 2^18 intervals an entry, 5 levels (see index_bits). The image has 2^20 lines, so
 * the trees of the other words that lie on one path have less than 15 * 2^20 intervals together: two of them 6 levels
 * and one 7 at most. 5 + 6 + 6 + 7 = KM_DEPTH.
 */
#include "policy/tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "policy/addr.h"

#define SLOTS (KM_NODE_KEYS + 1)
#define MAX_INDEX_BITS 20
#define FLIPS_PER_ENTRY 8 /* on average at most: an entry with more than 14 needs a second level */

/* An interval of one word: up to `last`, starting after the one before it. */
struct interval {
	uint32_t last;
	size_t from, to; /* flips inside it, to be told apart by the next word; from == to: an answer */
};

struct builder {
	unsigned words; /* of an address */
	const struct km_range *ranges;
	size_t flips;
	struct km_lines *lines;
	struct interval *intervals; /* a stack: those of the word at work above those of the words before it */
	size_t count, room;
};

/* The answer for addresses that have `flips` flips at or below them. */
static bool inside(size_t flips)
{
	return flips & 1;
}

/* True if every word below word w is `value`. */
static bool tail_is(const struct builder *b, const struct km_ip *ip, unsigned w, uint32_t value)
{
	for (unsigned i = w + 1; i < b->words; i++)
		if (ip->word[i] != value)
			return false;
	return true;
}

/* True if flip i is at the very start of its value of word w: all below is 0, carries of the `+ 1` included. */
static bool flip_on_word(const struct builder *b, size_t i, unsigned w)
{
	const struct km_range *range = &b->ranges[i / 2];

	return i & 1 ? tail_is(b, &range->last, w, UINT32_MAX) : tail_is(b, &range->first, w, 0);
}

/* Word w of flip i. */
static uint32_t flip_word(const struct builder *b, size_t i, unsigned w)
{
	const struct km_range *range = &b->ranges[i / 2];

	return i & 1 ? range->last.word[w] + flip_on_word(b, i, w) : range->first.word[w];
}

static int push(struct builder *b, uint32_t last, size_t from, size_t to)
{
	if (b->count == b->room) {
		size_t room = b->room ? b->room * 2 : 1024;
		struct interval *intervals = realloc(b->intervals, room * sizeof(*intervals));

		if (!intervals)
			return -ENOMEM;
		b->intervals = intervals;
		b->room = room;
	}
	b->intervals[b->count++] = (struct interval){.last = last, .from = from, .to = to};
	return 0;
}

/* Pushes the intervals into which the flips [from, to) cut the numbers low to high of word w. */
static int cut(struct builder *b, unsigned w, uint32_t low, uint32_t high, size_t from, size_t to)
{
	uint64_t start = low;
	int r = 0;

	while (!r && from < to) {
		uint32_t value = flip_word(b, from, w);
		size_t end;

		if (value > start)
			r = push(b, value - 1, from, from);
		start = value;
		if (flip_on_word(b, from, w))
			from++;
		for (end = from; end < to && flip_word(b, end, w) == value; end++)
			;
		if (end > from) {
			r = r ?: push(b, value, from, end);
			start = (uint64_t)value + 1;
		}
		from = end;
	}
	if (!r && start <= high)
		r = push(b, high, to, to);
	return r;
}

static int build_word(struct builder *b, unsigned w, uint32_t low, uint32_t high, size_t from, size_t to,
		      uint32_t line);

/* Fills the node at `line` with the n intervals of word w from `first` on, and whatever hangs below it. */
static int build_node(struct builder *b, unsigned w, size_t first, size_t n, uint32_t line)
{
	struct km_node node = {};
	uint32_t child;
	size_t step = 1;
	int r = 0;

	while (step * SLOTS < n)
		step *= SLOTS;
	memset(node.key, 0xff, sizeof(node.key));
	for (size_t slot = 0; slot * step < n; slot++) {
		size_t after = (slot + 1) * step < n ? (slot + 1) * step : n;
		const struct interval *last = &b->intervals[first + after - 1];
		bool alone = after - slot * step == 1, deep = last->from < last->to;

		if (slot < KM_NODE_KEYS)
			node.key[slot] = last->last;
		node.deep |= (!alone || deep) << slot;
		node.bits |= (alone && (deep || inside(last->to))) << slot;
	}
	if (node.deep)
		r = km_lines_add(b->lines, __builtin_popcount(node.deep), &node.link);
	if (r)
		return r;
	memcpy(b->lines->data + (size_t)line * KM_LINE, &node, sizeof(node));

	child = node.link;
	for (size_t slot = 0; !r && slot * step < n; slot++) {
		size_t after = (slot + 1) * step < n ? (slot + 1) * step : n;
		struct interval last = b->intervals[first + after - 1];

		if (!(node.deep & 1 << slot))
			continue;
		if (node.bits & 1 << slot)
			r = build_word(b, w + 1, 0, UINT32_MAX, last.from, last.to, child);
		else
			r = build_node(b, w, first + slot * step, after - slot * step, child);
		child++;
	}
	return r;
}

/* Builds the tree, its root at `line`, that tells the flips [from, to) apart by the numbers low to high of word w. */
static int build_word(struct builder *b, unsigned w, uint32_t low, uint32_t high, size_t from, size_t to, uint32_t line)
{
	size_t base = b->count;
	int r = cut(b, w, low, high, from, to);

	r = r ?: build_node(b, w, base, b->count - base, line);
	b->count = base;
	return r;
}

/*
 * An entry of the index has at most 2 * FLIPS_PER_ENTRY * 2^bits + 1 intervals of word 0 (all flips in it, each in the
 * middle of a value) and at most 2^(32 - bits) (its values): never more than 2^18.
 */
static unsigned index_bits(size_t flips)
{
	unsigned bits = 0;

	while (bits < MAX_INDEX_BITS && flips > (size_t)FLIPS_PER_ENTRY << bits)
		bits++;
	return bits;
}

static int build_index(struct builder *b, struct km_set *set)
{
	unsigned bits = index_bits(b->flips);
	uint32_t entries = 1u << bits, index_lines = (entries * sizeof(uint32_t) + KM_LINE - 1) / KM_LINE;
	size_t from = 0;
	int r;

	set->shift = 32 - bits;
	/* A hint that may fail: in a large list most entries have a node, and growing step by step copies. */
	km_lines_reserve(b->lines, index_lines + entries);
	r = km_lines_add(b->lines, index_lines, &set->index);
	for (uint32_t e = 0; !r && e < entries; e++) {
		uint32_t low = (uint64_t)e << set->shift, high = low + (uint32_t)((1ull << set->shift) - 1);
		uint32_t entry;
		size_t to;

		if (from < b->flips && flip_word(b, from, 0) == low && flip_on_word(b, from, 0))
			from++;
		for (to = from; to < b->flips && flip_word(b, to, 0) <= high; to++)
			;
		if (from == to)
			entry = inside(to);
		else
			r = km_lines_add(b->lines, 1, &entry) ?: build_word(b, 0, low, high, from, to, entry);
		from = to;
		if (!r)
			((uint32_t *)(b->lines->data + (size_t)set->index * KM_LINE))[e] = entry;
	}
	return r;
}

int km_tree_build(enum km_family family, const struct km_range *ranges, size_t count, struct km_lines *lines,
		  struct km_set *set)
{
	struct builder b = {.words = km_family_bits(family) / 32, .ranges = ranges, .flips = 2 * count, .lines = lines};
	struct km_ip beyond;
	int r;

	/* After the last address there is nothing to flip. */
	if (count && !km_ip_next(family, ranges[count - 1].last, &beyond))
		b.flips--;
	r = build_index(&b, set);
	free(b.intervals);
	return r;
}
