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

#include "policy/addr.h"
#include "policy/tree.h"
#include "random_policy.h"
#include "ranges.h"
#include "rule_text.h"

#define WHOLE_IMAGE UINT32_MAX /* as mask: a line outside is seen by the sanitizer */
#define MAX_LINES (KM_IMAGE_MAX_BYTES / KM_LINE)

struct fixture {
	struct km_lines lines;
	struct km_set set;
	unsigned depth; /* nodes on the longest path */
};

static const char *const last_address[KM_FAMILIES] = {"255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};

static bool has(const struct fixture *f, struct km_ip ip)
{
	return km_set_find(f->lines.data, WHOLE_IMAGE, &f->set, &ip);
}

/* Follows a line of the tree: keys ascend, the path is short enough, and no line is used twice. Counts the lines. */
static unsigned walk(struct fixture *f, uint32_t line, unsigned depth, bool *used)
{
	const struct km_node *node = (struct km_node *)(f->lines.data + (size_t)line * KM_LINE);
	unsigned lines = 1;

	assert_in_range(depth, 1, KM_DEPTH);
	assert_in_range(line, 2, f->lines.count - 1);
	assert_false(used[line]);
	used[line] = true;
	if (f->depth < depth)
		f->depth = depth;
	for (unsigned i = 1; i < KM_NODE_KEYS; i++)
		assert_true(node->key[i - 1] < node->key[i] || node->key[i] == UINT32_MAX);
	for (int child = 0; child < __builtin_popcount(node->deep); child++)
		lines += walk(f, node->link + child, depth + 1, used);
	return lines;
}

/* Builds and checks the shape: every line that was added hangs on the index, once. */
static void build(struct fixture *f, enum km_family family, const struct km_range *ranges, size_t count)
{
	uint32_t header, index_lines, lines = 0;
	const uint32_t *index;
	bool *used;

	*f = (struct fixture){};
	assert_int_equal(km_lines_add(&f->lines, 2, &header), 0);
	assert_int_equal(km_tree_build(family, ranges, count, &f->lines, &f->set), 0);
	assert_in_range(f->set.shift, 12, 32);
	index_lines = ((4ull << (32 - f->set.shift)) + KM_LINE - 1) / KM_LINE;
	index = (uint32_t *)(f->lines.data + (size_t)f->set.index * KM_LINE);
	used = calloc(f->lines.count, sizeof(*used));
	assert_non_null(used);
	for (uint64_t i = 0; i < 1ull << (32 - f->set.shift); i++)
		if (index[i] > 1)
			lines += walk(f, index[i], 1, used);
	free(used);
	assert_int_equal(f->lines.count, 2 + index_lines + lines);
}

/* Ranges that do not touch: the addresses around each edge say all. */
static void check_edges(const struct fixture *f, enum km_family family, const struct km_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct km_ip outside;

		assert_true(has(f, ranges[i].first));
		assert_true(has(f, ranges[i].last));
		if (km_ip_prev(family, ranges[i].first, &outside))
			assert_false(has(f, outside));
		if (km_ip_next(family, ranges[i].last, &outside))
			assert_false(has(f, outside));
	}
}

static void check(enum km_family family, const struct km_range *ranges, size_t count)
{
	struct fixture f;

	build(&f, family, ranges, count);
	check_edges(&f, family, ranges, count);
	km_lines_free(&f.lines);
}

static void check_one(const char *first, const char *last)
{
	struct km_range range = {ip_text(first), ip_text(last)};

	check(family_text(first), &range, 1);
}

static void test_empty(void **state)
{
	(void)state;
	for (enum km_family family = KM_V4; family < KM_FAMILIES; family++) {
		struct fixture f;

		build(&f, family, NULL, 0);
		assert_int_equal(f.set.shift, 32);
		assert_false(has(&f, (struct km_ip){}));
		assert_false(has(&f, ip_text(last_address[family])));
		km_lines_free(&f.lines);
	}
}

static void test_whole_space(void **state)
{
	(void)state;
	for (enum km_family family = KM_V4; family < KM_FAMILIES; family++) {
		struct km_range all = {.last = ip_text(last_address[family])};
		struct fixture f;

		build(&f, family, &all, 1);
		assert_true(has(&f, (struct km_ip){}));
		assert_true(has(&f, ip_text(family == KM_V4 ? "127.255.255.255" : "2001:db8::7")));
		assert_true(has(&f, all.last));
		assert_int_equal(f.lines.count, 3); /* the index alone */
		km_lines_free(&f.lines);
	}
}

static void test_ends_of_the_space(void **state)
{
	(void)state;
	check_one("0.0.0.0", "0.0.0.0");
	check_one("0.0.0.0", "255.255.255.254");
	check_one("0.0.0.1", "255.255.255.255");
	check_one("0.0.0.1", "255.255.255.254");
	check_one("255.255.255.255", "255.255.255.255");
	check_one("::", "::");
	check_one("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	check_one("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	check_one("::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	check_one("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

/* Edges at, before and behind every place where two words of an IPv6 address meet. */
static void test_words_meet(void **state)
{
	(void)state;
	check_one("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
	check_one("2001:db8::1", "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe");
	check_one("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::");
	check_one("2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:db8:0:2::");
	check_one("2001:db8::ffff:ffff", "2001:db8::1:0:0");
	check_one("2001:db8::1:0:0", "2001:db8::1:ffff:ffff");
	check_one("2001:db8:0:1::", "2001:db9:ffff:ffff:ffff:ffff:ffff:ffff");
	check_one("2001:db8::7", "2001:dbb::7");
}

/* One value of a word ends inside a range, the next one begins outside of one. */
static void test_neighbouring_values(void **state)
{
	const struct km_range ranges[] = {
		{ip_text("2001:db8::"), ip_text("2001:db8::")},
		{ip_text("2001:db8:ffff:ffff:ffff:ffff:ffff:fffe"), ip_text("2001:db9::")},
		{ip_text("2001:db9::2"), ip_text("2001:db9::2")},
		{ip_text("2001:dba::1"), ip_text("2001:dba:ffff:ffff:ffff:ffff:ffff:fffe")},
		{ip_text("2001:dbb::"), ip_text("2001:dbb:0:0:ffff:ffff:ffff:ffff")},
	};

	(void)state;
	for (size_t count = 1; count <= sizeof(ranges) / sizeof(*ranges); count++)
		check(KM_V6, ranges, count);
}

/* So many hosts, every second address from `ip` on, that one word needs `depth` levels. */
static void check_hosts(enum km_family family, const char *ip, size_t count, unsigned depth)
{
	struct km_range *ranges = calloc(count, sizeof(*ranges));
	struct km_ip next = ip_text(ip);
	struct fixture f;

	assert_non_null(ranges);
	for (size_t i = 0; i < count; i++) {
		ranges[i] = (struct km_range){next, next};
		next.word[family == KM_V4 ? 0 : 3] += 2;
	}
	build(&f, family, ranges, count);
	check_edges(&f, family, ranges, count);
	assert_int_equal(f.depth, depth);
	km_lines_free(&f.lines);
	free(ranges);
}

static void test_levels(void **state)
{
	(void)state;
	check_hosts(KM_V4, "10.0.0.1", 7, 1);	  /* 15 intervals of word 0 */
	check_hosts(KM_V4, "10.0.0.1", 112, 2);	  /* 225 */
	check_hosts(KM_V4, "10.0.0.1", 113, 3);	  /* 227 */
	check_hosts(KM_V4, "10.0.0.1", 1687, 3);  /* 3375 */
	check_hosts(KM_V4, "10.0.0.1", 20000, 4); /* 40001, all in one entry of the index */
	check_hosts(KM_V6, "2001:db8::1", 7, 4);
	check_hosts(KM_V6, "2001:db8::1", 1687, 6);
	check_hosts(KM_V6, "2001:db8::1", 1688, 7);
}

static void test_index_grows_with_the_list(void **state)
{
	static const struct {
		size_t ranges;
		unsigned shift;
	} cases[] = {{1, 32}, {4, 32}, {5, 31}, {8, 31}, {9, 30}, {4096, 22}, {4097, 21}};

	(void)state;
	for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
		struct km_range *ranges = calloc(cases[c].ranges, sizeof(*ranges));
		struct fixture f;

		assert_non_null(ranges);
		/* Spread over the whole space, the ends of the first and the last at its ends. */
		for (uint32_t i = 0; i < cases[c].ranges; i++) {
			uint32_t width = UINT32_MAX / cases[c].ranges;

			ranges[i].first.word[0] = i * width;
			ranges[i].last.word[0] = i * width + width / 2;
		}
		build(&f, KM_V4, ranges, cases[c].ranges);
		assert_int_equal(f.set.shift, cases[c].shift);
		check_edges(&f, KM_V4, ranges, cases[c].ranges);
		km_lines_free(&f.lines);
		free(ranges);
	}
}

/* A range that ends where an entry of the index does needs no node. */
static void test_whole_entries_are_answers(void **state)
{
	struct km_range ranges[9] = {{ip_text("64.0.0.0"), ip_text("127.255.255.255")}};
	const uint32_t *index;
	struct fixture f;

	(void)state;
	for (unsigned i = 1; i < 9; i++)
		ranges[i].first.word[0] = ranges[i].last.word[0] = 0xc8000000 + 2 * i;
	build(&f, KM_V4, ranges, 9);
	assert_int_equal(f.set.shift, 30);
	index = (uint32_t *)(f.lines.data + (size_t)f.set.index * KM_LINE);
	assert_int_equal(index[0], 0);
	assert_int_equal(index[1], 1);
	assert_int_equal(index[2], 0);
	check_edges(&f, KM_V4, ranges, 9);
	km_lines_free(&f.lines);
}

static int compare(const void *a, const void *b)
{
	return km_ip_compare(*(const struct km_ip *)a, *(const struct km_ip *)b);
}

/* Words from few values, so that they repeat, carry and touch. */
static struct km_ip crowded(uint64_t *seed, enum km_family family)
{
	static const uint32_t values[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	struct km_ip ip = {};

	for (unsigned i = 0; i < km_family_bits(family) / 32; i++)
		ip.word[i] = random_below(seed, 4) ? values[random_below(seed, 7)] : random_below(seed, 1ull << 32);
	return ip;
}

static void test_random_ranges(void **state)
{
	enum { EDGES = 600, ROUNDS = 200 };
	struct km_ip edges[EDGES] = {};
	struct km_range ranges[EDGES / 2];
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		enum km_family family = round % 2 ? KM_V6 : KM_V4;
		unsigned used = random_below(&seed, EDGES);
		size_t count = 0;

		for (unsigned i = 0; i < used; i++)
			edges[i] = crowded(&seed, family);
		qsort(edges, used, sizeof(*edges), compare);
		for (unsigned i = 0; i + 1 < used; i += 2) {
			struct km_ip after;

			if (count && (!km_ip_next(family, ranges[count - 1].last, &after) ||
				      km_ip_compare(after, edges[i]) >= 0))
				continue;
			ranges[count++] = (struct km_range){edges[i], edges[i + 1]};
		}
		check(family, ranges, count);
	}
}

static void test_lines(void **state)
{
	struct km_lines lines = {};
	uint32_t first, second;

	(void)state;
	assert_int_equal(km_lines_add(&lines, 1, &first), 0);
	memset(lines.data, 0xa5, KM_LINE);
	assert_int_equal(km_lines_add(&lines, 5000, &second), 0);
	assert_int_equal(first, 0);
	assert_int_equal(second, 1);
	assert_int_equal((uintptr_t)lines.data % KM_LINE, 0);
	assert_int_equal(lines.data[KM_LINE - 1], 0xa5);
	for (size_t i = KM_LINE; i < 5001 * KM_LINE; i++)
		assert_int_equal(lines.data[i], 0);
	km_lines_free(&lines);
	assert_null(lines.data);
}

static void test_too_large(void **state)
{
	const struct km_range hosts[] = {{ip_text("10.0.0.1"), ip_text("10.0.0.1")},
					 {ip_text("2001:db8::1"), ip_text("2001:db8::1")}};
	struct km_lines lines = {};
	struct km_set set;
	uint32_t line = 7;

	(void)state;
	assert_int_equal(km_lines_add(&lines, MAX_LINES + 1, &line), -E2BIG);
	assert_int_equal(line, 7);
	assert_int_equal(lines.count, 0);
	assert_int_equal(km_lines_add(&lines, MAX_LINES - 5, &line), 0);
	assert_int_equal(km_tree_build(KM_V6, &hosts[1], 1, &lines, &set), 0); /* an index and four nodes */
	assert_int_equal(lines.count, MAX_LINES);
	assert_int_equal(km_tree_build(KM_V4, NULL, 0, &lines, &set), -E2BIG);
	for (uint32_t room = 1; room <= 4; room++) {
		lines.count = MAX_LINES - room;
		assert_int_equal(km_tree_build(KM_V6, &hosts[1], 1, &lines, &set), -E2BIG);
	}
	lines.count = MAX_LINES - 1;
	assert_int_equal(km_tree_build(KM_V4, hosts, 1, &lines, &set), -E2BIG);
	km_lines_free(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_whole_space),
		cmocka_unit_test(test_ends_of_the_space),
		cmocka_unit_test(test_words_meet),
		cmocka_unit_test(test_neighbouring_values),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_index_grows_with_the_list),
		cmocka_unit_test(test_whole_entries_are_answers),
		cmocka_unit_test(test_random_ranges),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
