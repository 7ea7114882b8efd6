/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A leaf has K keys, an inner node of level n takes the K flips that lie between its K + 1 children, each of which has
 * (K + 1)^n - 1 flips, but for the last one, which has what is left:
 *
 *	level 1            [ f15      f31      f47 ]                K = 15
 *	                  /        |        |       \
 *	level 0   f0..f14     f16..f30  f32..f46    f48..f52
 *
 * Before each child there is an even number of flips, so that all leaves have the start of the whole tree.
 */
#include "policy/set_v6_tree.h"

#include <string.h>

struct tree {
	bool hosts; /* nodes of struct km_v6_host_node */
	bool start; /* what the numbers below the first flip are */
	const uint64_t *flips;
	size_t count;
	const uint64_t *exceptions, *exceptions_end; /* those that no leaf has yet */
	struct km_lines *lines;
};

static size_t fanout(const struct tree *t)
{
	return (t->hosts ? KM_V6_HOST_KEYS : KM_V6_KEYS) + 1;
}

/* Takes the exceptions below flip `next`; the flags of a leaf that has them. */
static uint32_t take_exceptions(struct tree *t, size_t next)
{
	uint32_t flags = 0;

	while (t->exceptions < t->exceptions_end && (next >= t->count || *t->exceptions < t->flips[next]))
		flags |= km_v6_exception_flag(*t->exceptions++ & (KM_V6_PLACES - 1));
	return flags;
}

/* Writes the node at `line`: every step-th flip from `from` on, as far as there are any before `to`. */
static void write_node(const struct tree *t, uint32_t line, size_t from, size_t to, size_t step, uint32_t link)
{
	void *at = km_lines_at(t->lines, line);
	struct km_v6_host_node *host_node = at;
	struct km_v6_node *node = at;

	for (size_t i = 0; i < fanout(t) - 1; i++) {
		size_t flip = from + (i + 1) * step - 1;

		uint64_t key = flip < to ? t->flips[flip] - 1 : UINT64_MAX;

		if (t->hosts)
			host_node->key[i] = key;
		else
			node->key[i] = key | KM_V6_KEY;
	}
	if (t->hosts)
		host_node->link = link;
	else
		node->link = link;
}

/* Fills the node at `line` with the flips [from, to), and whatever hangs below it. */
static int fill(struct tree *t, uint32_t line, size_t from, size_t to)
{
	size_t step = 1, children;
	uint32_t link;
	int r;

	while (step * fanout(t) <= to - from)
		step *= fanout(t);
	if (step == 1) {
		link = take_exceptions(t, to);
		write_node(t, line, from, to, step, link | KM_V6_LEAF | (t->start ? 0 : KM_V6_OUT));
		return 0;
	}
	children = (to - from) / step + 1;
	r = km_lines_add(t->lines, children, &link);
	if (r)
		return r;
	write_node(t, line, from, to, step, link * KM_LINE);
	for (size_t i = 0; !r && i < children; i++, from += step)
		r = fill(t, link + i, from, from + step - 1 < to ? from + step - 1 : to);
	return r;
}

/* A flip at the first number of all has no number before it, which would be its key. */
static void drop_first(struct tree *t)
{
	t->start = !t->start;
	t->flips++;
	t->count--;
}

static int build(struct tree *t, uint32_t *tree)
{
	uint32_t line;
	int r = km_lines_add(t->lines, 1, &line) ?: fill(t, line, 0, t->count);

	*tree = line * KM_LINE;
	return r;
}

int km_v6_tree_build(const uint64_t *flips, size_t count, bool start, const uint64_t *exceptions,
		     size_t exception_count, struct km_lines *lines, uint32_t *tree)
{
	struct tree t = {
		.start = start,
		.flips = flips,
		.count = count,
		.exceptions = exceptions,
		.exceptions_end = exceptions + exception_count,
		.lines = lines,
	};

	if (count && !(flips[0] & (KM_V6_PLACES - 1)))
		drop_first(&t);
	return build(&t, tree);
}

int km_v6_host_tree_build(const uint64_t *flips, size_t count, struct km_lines *lines, uint32_t *tree)
{
	struct tree t = {.hosts = true, .flips = flips, .count = count, .lines = lines};

	if (count && !flips[0])
		drop_first(&t);
	return build(&t, tree);
}
