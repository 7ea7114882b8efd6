/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set is seen here as its flips: the addresses at which membership changes, ascending. Flip 2k is the first address
 * of range k, flip 2k + 1 the one after its last, which may lie behind the last address of all.
 */
#include "policy/set_v4.h"

#include <stdbool.h>
#include <string.h>

#define BOUNDARIES (KM_V4_WORDS * 4) /* of a line */
#define PADDING 0xffff
#define TOP 0x8000
#define PART_BITS 15				  /* of a /17 */
#define INDEX_MAX ((BOUNDARIES + 1) * BOUNDARIES) /* flips of a /17 that an index can lead to */
#define BITS_LINES ((1u << PART_BITS) / 8 / KM_LINE)
#define PAGE_LINES (KM_V4_PAGE * sizeof(uint32_t) / KM_LINE)

struct flips {
	const struct km_range *ranges;
	size_t count;
	size_t next; /* the first that has not been passed: membership before it is `next & 1` */
};

static uint64_t flip(const struct flips *f, size_t i)
{
	const struct km_range *range = &f->ranges[i / 2];

	return i & 1 ? (uint64_t)range->last.word[0] + 1 : range->first.word[0];
}

/* Membership of `address`; its own flip is passed, those before it have been. */
static bool start_at(struct flips *f, uint64_t address)
{
	if (f->next < f->count && flip(f, f->next) == address)
		f->next++;
	return f->next & 1;
}

/* How many flips lie before `end`. */
static size_t flips_before(const struct flips *f, uint64_t end)
{
	size_t i = f->next;

	while (i < f->count && flip(f, i) < end)
		i++;
	return i - f->next;
}

/* The last address before a flip that is not the first address of its /17. */
static uint16_t boundary(const struct flips *f, size_t i)
{
	return (flip(f, f->next + i) - 1) & ((1u << PART_BITS) - 1);
}

/* Writes the n flips from number `from` on, every `step`th, and padding behind them. */
static void fill_line(struct km_v4_line *line, const struct flips *f, size_t from, size_t n, size_t step)
{
	uint16_t lanes[BOUNDARIES];

	for (size_t i = 0; i < BOUNDARIES; i++)
		lanes[i] = i < n ? TOP | boundary(f, from + i * step) : PADDING;
	memcpy(line->boundaries, lanes, sizeof(lanes));
}

static int padding_line(struct km_lines *lines, struct km_v4_shared *shared)
{
	int r = 0;

	if (!shared->padding) {
		r = km_lines_add(lines, 1, &shared->padding);
		if (!r)
			memset(km_lines_at(lines, shared->padding), 0xff, KM_LINE);
	}
	return r;
}

static int build_index(const struct flips *f, size_t n, struct km_lines *lines, uint32_t *line)
{
	uint32_t parts = (n + BOUNDARIES - 1) / BOUNDARIES;
	int r = km_lines_add(lines, 1 + parts, line);

	if (r)
		return r;
	fill_line(km_lines_at(lines, *line), f, BOUNDARIES, parts - 1, BOUNDARIES);
	for (uint32_t i = 0; i < parts; i++) {
		size_t left = n - (size_t)i * BOUNDARIES;

		fill_line(km_lines_at(lines, *line + 1 + i), f, (size_t)i * BOUNDARIES,
			  left < BOUNDARIES ? left : BOUNDARIES, 1);
	}
	return 0;
}

static int build_bits(const struct flips *f, size_t n, bool in, struct km_lines *lines, uint32_t *line)
{
	unsigned char *bits;
	size_t next = 0;
	int r = km_lines_add(lines, BITS_LINES, line);

	if (r)
		return r;
	bits = km_lines_at(lines, *line);
	for (unsigned x = 0; x < 1u << PART_BITS; x++) {
		while (next < n && boundary(f, next) < x) {
			in = !in;
			next++;
		}
		bits[x / 8] |= in << (x & 7);
	}
	return 0;
}

/* The word of the /17 that starts at `address`. */
static int build_part(struct flips *f, uint64_t address, struct km_lines *lines, struct km_v4_shared *shared,
		      uint32_t *word)
{
	bool in = start_at(f, address);
	size_t n = flips_before(f, address + (1u << PART_BITS));
	uint32_t line, kind = 0;
	int r;

	if (n == 0) {
		r = padding_line(lines, shared);
		line = shared->padding;
	} else if (n <= BOUNDARIES) {
		r = km_lines_add(lines, 1, &line);
		if (!r)
			fill_line(km_lines_at(lines, line), f, 0, n, 1);
	} else if (n <= INDEX_MAX) {
		kind = KM_V4_INDEX;
		r = build_index(f, n, lines, &line);
	} else {
		kind = KM_V4_BITS;
		r = build_bits(f, n, in, lines, &line);
	}
	if (!r)
		*word = line * KM_LINE | kind | (in ? KM_V4_START : 0);
	f->next += n;
	return r;
}

/* The page of the /8 that starts at `address`. */
static int build_page(struct flips *f, uint64_t address, struct km_lines *lines, struct km_v4_shared *shared,
		      uint32_t *page)
{
	uint32_t words[KM_V4_PAGE];
	int r = km_lines_add(lines, PAGE_LINES, page);

	for (unsigned i = 0; !r && i < KM_V4_PAGE; i++)
		r = build_part(f, address + ((uint64_t)i << PART_BITS), lines, shared, &words[i]);
	if (!r)
		memcpy(km_lines_at(lines, *page), words, sizeof(words));
	return r;
}

int km_set_v4_build(const struct km_range *ranges, size_t count, struct km_lines *lines, struct km_v4_shared *shared,
		    uint32_t root[KM_V4_ROOT])
{
	struct flips f = {.ranges = ranges, .count = 2 * count};
	uint32_t page;
	int r = 0;

	for (uint64_t top = 0; !r && top < KM_V4_ROOT; top++) {
		bool in = start_at(&f, top << 24);

		if (f.next < f.count && flip(&f, f.next) < (top + 1) << 24) {
			r = build_page(&f, top << 24, lines, shared, &page);
			root[top] = page * KM_LINE;
			continue;
		}
		if (in && !shared->whole)
			r = build_page(&f, top << 24, lines, shared, &shared->whole);
		root[top] = in ? shared->whole * KM_LINE : 0;
	}
	return r;
}
