/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/set_v4.h"
#include "random_policy.h"
#include "set_v4.h"

#define WHOLE_IMAGE (KM_LINES_MAX_BYTES - 1) /* as mask: a line outside is seen by the sanitizer */
#define PART 32768			     /* addresses of a /17 */
#define FIRST_LINE 1			     /* the ports' */

struct fixture {
	struct km_lines lines;
	struct km_v4_shared shared;
};

static const struct km_image *image_of(const struct fixture *f)
{
	return (const struct km_image *)f->lines.data;
}

static bool has(const struct fixture *f, unsigned set, uint32_t ip)
{
	return km_set_v4_has(image_of(f)->port, WHOLE_IMAGE, image_of(f)->set[set].v4, ip);
}

static int build_set(struct fixture *f, unsigned set, const struct km_range *ranges, size_t count)
{
	uint32_t root[KM_V4_ROOT] = {}, ports;
	int r;

	if (!f->lines.count)
		assert_int_equal(km_lines_add(&f->lines, FIRST_LINE, &ports), 0);
	r = km_set_v4_build(ranges, count, &f->lines, &f->shared, root);
	memcpy(((struct km_image *)f->lines.data)->set[set].v4, root, sizeof(root));
	return r;
}

static void build(struct fixture *f, const struct km_range *ranges, size_t count)
{
	*f = (struct fixture){};
	assert_int_equal(build_set(f, 0, ranges, count), 0);
}

static struct km_range range(uint32_t first, uint32_t last)
{
	return (struct km_range){{{first}}, {{last}}};
}

/* Ranges that do not touch: the addresses around each edge say all. */
static void check_edges(const struct fixture *f, const struct km_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t first = ranges[i].first.word[0], last = ranges[i].last.word[0];

		assert_true(has(f, 0, first));
		assert_true(has(f, 0, last));
		if (first)
			assert_false(has(f, 0, first - 1));
		if (last < UINT32_MAX)
			assert_false(has(f, 0, last + 1));
	}
}

static void check(const struct km_range *ranges, size_t count)
{
	struct fixture f;

	build(&f, ranges, count);
	check_edges(&f, ranges, count);
	km_lines_free(&f.lines);
}

static void check_one(uint32_t first, uint32_t last)
{
	struct km_range one = range(first, last);

	check(&one, 1);
}

static void test_empty_and_whole(void **state)
{
	static const uint32_t some[] = {0, 1, PART, 0x7fffffff, 0x80000000, 0xffffffff};
	const struct km_range all = range(0, UINT32_MAX);

	(void)state;
	for (size_t count = 0; count < 2; count++) {
		struct fixture f;

		build(&f, &all, count);
		for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
			assert_int_equal(has(&f, 0, some[i]), count);
		/* Nothing, or one page and the padding it points to. */
		assert_int_equal(f.lines.count, FIRST_LINE + count * (1 + KM_V4_PAGE * 4 / KM_LINE));
		km_lines_free(&f.lines);
	}
}

static void test_ends(void **state)
{
	static const uint32_t starts[] = {0, 0x0a000000, 0x0a008000, 0x0a008001, 0xffff8000};
	static const uint32_t sizes[] = {1, 2, PART - 1, PART, PART + 1, 1 << 24, (1 << 24) + 1};

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		for (size_t j = 0; j < sizeof(sizes) / sizeof(*sizes); j++)
			if (starts[i] <= UINT32_MAX - (sizes[j] - 1))
				check_one(starts[i], starts[i] + (sizes[j] - 1));
	check_one(0, UINT32_MAX - 1);
	check_one(1, UINT32_MAX);
	check_one(1, UINT32_MAX - 1);
	check_one(UINT32_MAX, UINT32_MAX);
}

/* So many hosts of one /17, every second address: each size at which the line becomes another kind, and its neighbours.
 */
static void test_kinds(void **state)
{
	static const struct {
		size_t hosts;
		uint32_t lines; /* beside page and padding */
	} cases[] = {{1, 1},	{15, 1},   {16, 1},   {17, 3},	 {32, 3},	{33, 4},
		     {527, 34}, {528, 34}, {529, 64}, {530, 64}, {PART / 2, 64}};
	const uint32_t page = KM_V4_PAGE * 4 / KM_LINE;

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++)
		for (uint32_t start = 0; start < 2; start++) {
			struct km_range *ranges = calloc(cases[c].hosts, sizeof(*ranges));
			struct fixture f;
			size_t n = cases[c].hosts - (start && cases[c].hosts == PART / 2);

			assert_non_null(ranges);
			/* From the first address of the /17 on, or before it: then its first address is in the set. */
			for (uint32_t i = 0; i < n; i++)
				ranges[i] = range(0x0a010001 + 2 * i - start, 0x0a010001 + 2 * i);
			for (uint32_t i = 0; i < n && start; i++)
				ranges[i].last = ranges[i].first;
			build(&f, ranges, n);
			check_edges(&f, ranges, n);
			/* Half of the borders of the first host may lie on the /17's. */
			if (!start && cases[c].hosts < PART / 2)
				assert_int_equal(f.lines.count, FIRST_LINE + page + 1 + cases[c].lines);
			km_lines_free(&f.lines);
			free(ranges);
		}
}

/* The sets of an image share what is empty or whole. */
static void test_sets_share(void **state)
{
	const struct km_range ten = range(0x0a000000, 0x0affffff), host = range(0xc0000201, 0xc0000201);
	struct fixture f = {};
	uint32_t lines;

	(void)state;
	assert_int_equal(build_set(&f, 0, &ten, 1), 0);
	lines = f.lines.count;
	assert_int_equal(build_set(&f, 1, &ten, 1), 0);
	assert_int_equal(build_set(&f, 2, NULL, 0), 0);
	assert_int_equal(f.lines.count, lines);
	assert_int_equal(build_set(&f, 3, &host, 1), 0);
	assert_true(has(&f, 0, 0x0a010203));
	assert_true(has(&f, 1, 0x0a010203));
	assert_false(has(&f, 2, 0x0a010203));
	assert_true(has(&f, 3, 0xc0000201));
	assert_false(has(&f, 3, 0x0a010203));
	km_lines_free(&f.lines);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Edges crowded in a few /17s, at their ends among others. */
static void test_random_ranges(void **state)
{
	enum { EDGES = 6000, ROUNDS = 100 };
	static uint32_t edges[EDGES];
	static struct km_range ranges[EDGES / 2];
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned used = random_below(&seed, EDGES), spread = 1 + random_below(&seed, 1 << 20);
		uint32_t base = random_below(&seed, 1ull << 32) & ~(PART - 1u);
		size_t count = 0;

		for (unsigned i = 0; i < used; i++)
			edges[i] = base + random_below(&seed, spread) * (random_below(&seed, 20) ? 1 : PART);
		qsort(edges, used, sizeof(*edges), compare);
		for (unsigned i = 0; i + 1 < used; i += 2)
			if (!count || edges[i] > (uint64_t)ranges[count - 1].last.word[0] + 1)
				ranges[count++] = range(edges[i], edges[i + 1]);
		check(ranges, count);
	}
}

static void test_too_large(void **state)
{
	const struct km_range host = range(0x0a000001, 0x0a000001);
	struct fixture f = {};
	uint32_t line;

	(void)state;
	assert_int_equal(km_lines_add(&f.lines, KM_LINES_MAX_BYTES / KM_LINE - 33, &line), 0);
	assert_int_equal(build_set(&f, 0, &host, 1), -E2BIG);
	km_lines_free(&f.lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_and_whole), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_kinds),		cmocka_unit_test(test_sets_share),
		cmocka_unit_test(test_random_ranges),	cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
