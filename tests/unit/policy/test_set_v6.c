/* SPDX-License-Identifier: BSD-2-Clause */
/* The finder of bpf/set_v6.h against a plain binary search over the same ranges. */
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
#include "policy/set_v6.h"
#include "random_policy.h"
#include "rule_text.h"
#include "set_v6.h"

#define MASK (KM_LINES_MAX_BYTES - 1)
#define LAST "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
#define MAX_LINES (KM_LINES_MAX_BYTES / KM_LINE)

/* Ranges under construction: ascending, disjoint, not adjacent once they are sorted. */
struct list {
	struct km_range *ranges;
	size_t count, room;
};

struct fixture {
	struct km_lines lines;
	struct km_set_v6 set;
};

static void add(struct list *list, struct km_ip first, struct km_ip last)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->ranges = realloc(list->ranges, list->room * sizeof(*list->ranges));
		assert_non_null(list->ranges);
	}
	list->ranges[list->count++] = (struct km_range){first, last};
}

static void add_prefix(struct list *list, struct km_ip ip, unsigned len)
{
	add(list, km_ip_first(KM_V6, ip, len), km_ip_last(KM_V6, ip, len));
}

static void add_text(struct list *list, const char *first, const char *last)
{
	add(list, ip_text(first), ip_text(last));
}

static int compare(const void *a, const void *b)
{
	return km_ip_compare(((const struct km_range *)a)->first, ((const struct km_range *)b)->first);
}

/* Sorts and unites. */
static void tidy(struct list *list)
{
	size_t count = 0;

	if (list->count)
		qsort(list->ranges, list->count, sizeof(*list->ranges), compare);
	for (size_t i = 0; i < list->count; i++) {
		struct km_range *range = &list->ranges[i], *before = count ? &list->ranges[count - 1] : NULL;
		struct km_ip beyond;

		if (!before || (km_ip_next(KM_V6, before->last, &beyond) && km_ip_compare(beyond, range->first) < 0))
			list->ranges[count++] = *range;
		else if (km_ip_compare(before->last, range->last) < 0)
			before->last = range->last;
	}
	list->count = count;
}

/* What is between the ranges, in their place. */
static void invert(struct list *list)
{
	struct list holes = {};
	struct km_ip first = {};
	bool left = true;

	for (size_t i = 0; i < list->count; i++) {
		struct km_ip before;

		if (km_ip_prev(KM_V6, list->ranges[i].first, &before) && km_ip_compare(first, before) <= 0)
			add(&holes, first, before);
		left = km_ip_next(KM_V6, list->ranges[i].last, &first);
	}
	if (left)
		add(&holes, first, ip_text(LAST));
	free(list->ranges);
	*list = holes;
}

static bool listed(const struct list *list, struct km_ip ip)
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (km_ip_compare(list->ranges[middle].last, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->count && km_ip_compare(list->ranges[low].first, ip) <= 0;
}

static bool has(const struct fixture *f, struct km_ip ip)
{
	return km_set_v6_has(km_lines_at(&f->lines, 0), MASK, &f->set, &ip);
}

static void build(struct fixture *f, const struct list *list)
{
	uint32_t header;

	*f = (struct fixture){};
	assert_int_equal(km_lines_add(&f->lines, 1, &header), 0);
	assert_int_equal(km_set_v6_build(list->ranges, list->count, &f->lines, &f->set), 0);
	/* The finder may read a whole line wherever it reads: behind the last one the sanitizer complains. */
	f->lines.data = realloc(f->lines.data, km_lines_image_bytes(&f->lines));
	assert_non_null(f->lines.data);
}

/* An address and its neighbours on both sides. */
static void check_around(const struct fixture *f, const struct list *list, struct km_ip ip)
{
	struct km_ip next;

	assert_int_equal(has(f, ip), listed(list, ip));
	if (km_ip_next(KM_V6, ip, &next))
		assert_int_equal(has(f, next), listed(list, next));
	if (km_ip_prev(KM_V6, ip, &next))
		assert_int_equal(has(f, next), listed(list, next));
}

/* Around both ends of every range, and at random places that share any number of leading bits with one. */
static void check_find(const struct fixture *f, const struct list *list)
{
	uint64_t seed = 1 + list->count;

	check_around(f, list, (struct km_ip){});
	check_around(f, list, ip_text(LAST));
	for (size_t i = 0; i < list->count; i++) {
		struct km_ip near = list->ranges[i].first;
		unsigned bits = random_below(&seed, 128);
		struct km_ip last = km_ip_last(KM_V6, near, bits);

		check_around(f, list, list->ranges[i].first);
		check_around(f, list, list->ranges[i].last);
		for (unsigned w = 0; w < 4; w++) {
			uint32_t host = near.word[w] ^ last.word[w];

			near.word[w] ^= random_below(&seed, 1ull << 32) & (host | host >> 1);
		}
		check_around(f, list, near);
	}
}

/* Sorts the list, checks it and its opposite, and gives it back empty. Returns the lines that the set took. */
static uint32_t check(struct list *list)
{
	struct fixture f;
	uint32_t lines;

	tidy(list);
	build(&f, list);
	lines = f.lines.count - 1;
	check_find(&f, list);
	km_lines_free(&f.lines);
	invert(list);
	build(&f, list);
	check_find(&f, list);
	km_lines_free(&f.lines);
	free(list->ranges);
	*list = (struct list){};
	return lines;
}

static struct km_ip random_ip(uint64_t *seed)
{
	struct km_ip ip;

	for (unsigned w = 0; w < 4; w++)
		ip.word[w] = random_below(seed, 1ull << 32);
	return ip;
}

static void test_empty_and_everything(void **state)
{
	struct list list = {};

	(void)state;
	assert_int_equal(check(&list), 1); /* an empty table */
	add_text(&list, "::", LAST);
	assert_int_equal(check(&list), 2); /* and a leaf */
}

static void test_one_range(void **state)
{
	static const char *const ends[] = {
		"::",
		"::1",
		"::ffff:ffff:ffff:fffe",
		"::ffff:ffff:ffff:ffff",
		"0:0:0:1::",
		"0:0:0:1::1",
		"::7fff:ffff:0:0:0:0",
		"0:0:7fff:ffff:ffff:ffff:ffff:ffff",
		"0:0:8000::",
		"0:0:8000::1",
		"0:1:ffff:ffff:ffff:ffff:ffff:ffff",
		"0:2::",
		"2001:db8::",
		"2001:db8::8000:0:0:0",
		"2001:db8::8000:0:fff:ffff",
		"2001:db8:0:1::7",
		"2001:db8:0:1:ffff:ffff:ffff:ffff",
		"2001:db8:7fff:ffff:ffff:ffff:ffff:ffff",
		"2001:dbf:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:dc0::",
		"ffff:ffff:7fff:ffff::",
		"ffff:ffff:ffff:ffff::",
		"ffff:ffff:ffff:ffff::1",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
		LAST,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		for (size_t j = i; j < sizeof(ends) / sizeof(*ends); j++) {
			struct list list = {};

			add_text(&list, ends[i], ends[j]);
			check(&list);
		}
}

static void test_every_length(void **state)
{
	struct list list = {};
	uint64_t seed = 1;

	(void)state;
	for (unsigned len = 1; len <= 128; len++) {
		add_prefix(&list, ip_text("2001:db8:8000:7:8000:0:0:42"), len);
		check(&list);
		for (unsigned i = 0; i < 40; i++)
			add_prefix(&list, random_ip(&seed), len);
		check(&list);
	}
	/* All of them together, disjoint: each in the half that the longer ones leave. */
	for (unsigned len = 1; len <= 128; len++) {
		struct km_ip ip = ip_text("2001:db8:8000:7:8000:0:0:42");

		ip.word[(len - 1) / 32] ^= 0x80000000u >> (len - 1) % 32;
		if (len % 3)
			add_prefix(&list, ip, len);
	}
	check(&list);
}

/* One host is in its slot, whatever it is; what looks like the offset of a tree is not taken for a host. */
static void test_single_hosts(void **state)
{
	static const char *const hosts[] = {"::", "::1", "8000::", "8000::40", "8000::3ff:ffff", "8000::400:0"};
	struct list list = {};
	uint32_t lines;

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		struct km_ip host = ip_text(hosts[i]), ip = ip_text("2001:db8:0:5::");

		ip.word[2] = host.word[0];
		ip.word[3] = host.word[3];
		add_prefix(&list, ip, 128);
		lines = check(&list);
		/* A leaf for the block, a table of 33 slots, one of 33 double slots. */
		assert_int_equal(lines, 1 + 5 + 9 + (i >= 2 && i <= 4));
	}
}

/* Runs of blocks of the same content: with slots where they are short, without where they are long. */
static void test_runs(void **state)
{
	struct list list = {};
	uint32_t lines;

	(void)state;
	for (unsigned len = 20; len <= 34; len++) {
		add_prefix(&list, ip_text("2001:db8::"), len);
		lines = check(&list);
		if (len < 27)
			assert_int_equal(lines, 2);
		else
			assert_in_range(lines, 6, 30);
	}
	/* Around the longest run, on and off the borders of what `rest` can tell; neighbours in, out, or mixed. */
	for (uint32_t blocks = 60; blocks < 70; blocks++)
		for (uint32_t offset = 0; offset < 8; offset++) {
			uint64_t first = (0x20010000ull * 2 + offset) << 31, end = first + ((uint64_t)blocks << 31) - 1;
			struct km_ip a = {{first >> 32, first}}, z = {{end >> 32, end, UINT32_MAX, UINT32_MAX}};

			add(&list, a, z);
			add_text(&list, "2001:fff::", "2001:10ff::");
			z.word[0] += 2;
			add_prefix(&list, z, offset % 2 ? 48 : 128);
			check(&list);
		}
}

/* So many runs that slots for all of them would be out of proportion. */
static void test_many_runs(void **state)
{
	static const unsigned lens[] = {27, 28, 29, 30, 31};
	struct list list = {};

	(void)state;
	for (size_t l = 0; l < sizeof(lens) / sizeof(*lens); l++) {
		for (uint32_t i = 0; i < 20000; i++)
			add_prefix(&list, (struct km_ip){{0x20000000 + (i << (33 - lens[l]))}}, lens[l]);
		assert_in_range(check(&list), 1000, 40000);
	}
}

/* Trees of every depth: n changes in one block, or within one network. */
static void test_depth(void **state)
{
	static const uint32_t counts[] = {1, 7, 8, 15, 16, 63, 64, 127, 128, 129, 2047, 2048, 2049, 16384, 100000};
	struct list list = {};

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(*counts); c++) {
		for (uint32_t i = 0; i < counts[c]; i++)
			add_prefix(&list, (struct km_ip){{0x20010db8, i * 2 + 1}}, 64);
		check(&list);
		for (uint32_t i = 0; i < counts[c]; i++)
			add_prefix(&list, (struct km_ip){{0x20010db8, 7, i >> 12, (i * 2 + 1) << 20}}, 120);
		check(&list);
	}
}

/* A network that begins a leaf belongs to it; here the 16th flip, which parts the first leaf from the second. */
static void test_exception_between_leaves(void **state)
{
	struct list list = {};

	(void)state;
	for (uint32_t i = 0; i < 12; i++)
		add_prefix(&list, (struct km_ip){{0x20010db8, 2 * i + 1}}, 64);
	add_prefix(&list, (struct km_ip){{0x20010db8, 16, 0, 5}}, 128);
	check(&list);
}

/* The last host of a network ends where the next one begins: no whole network changes, the blocks share a leaf. */
static void test_last_hosts(void **state)
{
	struct list list = {};

	(void)state;
	add_text(&list, "2001:db8:0:5:ffff:ffff:ffff:ffff", "2001:db8:0:5:ffff:ffff:ffff:ffff");
	add_text(&list, "2001:db9:0:5:ffff:ffff:ffff:ffff", "2001:db9:0:5:ffff:ffff:ffff:ffff");
	assert_int_equal(check(&list), 1 + 5 + 9);
}

/* Exceptions in the networks of one block, with and without whole networks between them. */
static void test_exceptions(void **state)
{
	struct list list = {};
	uint64_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 8; round++) {
		for (unsigned i = 0; i < 3000; i++) {
			struct km_ip ip = {{0x20010db8, random_below(&seed, 4000), random_below(&seed, 2), 0}};

			ip.word[3] = random_below(&seed, round & 1 ? 4 : 1ull << 32);
			add_prefix(&list, ip, round & 2 ? 128 : 60 + random_below(&seed, 69));
		}
		check(&list);
	}
}

/* Words from few values, so that they repeat, carry and touch. */
static void test_random_ranges(void **state)
{
	static const uint32_t values[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
	uint64_t seed = 1;

	(void)state;
	for (unsigned round = 0; round < 400; round++) {
		unsigned count = 1 + random_below(&seed, 300);
		struct list list = {};

		for (unsigned i = 0; i < count; i++) {
			struct km_ip a = random_ip(&seed), z = random_ip(&seed);

			for (unsigned w = 0; w < 4; w++) {
				if (random_below(&seed, 8))
					a.word[w] = values[random_below(&seed, 7)];
				if (random_below(&seed, 8))
					z.word[w] = random_below(&seed, 4) ? a.word[w] : values[random_below(&seed, 7)];
			}
			if (km_ip_compare(a, z) > 0)
				z = a;
			add(&list, a, z);
		}
		check(&list);
	}
}

/* Prefixes as they are handed out, many to a /32; and as they never are, one to a /33. */
static void test_large(void **state)
{
	enum { COUNT = 1000000, HOSTS = 100000 };
	static const unsigned lens[] = {32, 40, 44, 48, 48, 48, 48, 56, 64, 64, 128};
	struct list list = {};
	uint64_t seed = 7;

	(void)state;
	for (unsigned i = 0; i < COUNT; i++) {
		struct km_ip ip = random_ip(&seed);

		ip.word[0] = 0x20000000 + random_below(&seed, COUNT / 15) * 977;
		add_prefix(&list, ip, lens[random_below(&seed, sizeof(lens) / sizeof(*lens))]);
	}
	assert_in_range(check(&list), 1, COUNT * 17 / KM_LINE);
	for (unsigned i = 0; i < HOSTS; i++)
		add_prefix(&list, random_ip(&seed), 128);
	assert_in_range(check(&list), 1, HOSTS * 80 / KM_LINE);
}

static void test_same_ranges_same_lines(void **state)
{
	struct list list = {};
	struct fixture a, b;
	uint64_t seed = 11;

	(void)state;
	for (unsigned i = 0; i < 2000; i++)
		add_prefix(&list, random_ip(&seed), 20 + random_below(&seed, 109));
	tidy(&list);
	build(&a, &list);
	build(&b, &list);
	assert_int_equal(a.lines.count, b.lines.count);
	assert_memory_equal(a.lines.data, b.lines.data, km_lines_image_bytes(&a.lines));
	assert_memory_equal(&a.set, &b.set, sizeof(a.set));
	km_lines_free(&a.lines);
	km_lines_free(&b.lines);
	free(list.ranges);
}

static void test_too_large(void **state)
{
	struct km_lines lines = {};
	struct list list = {};
	struct km_set_v6 set;
	uint32_t line, needed;

	(void)state;
	for (unsigned i = 0; i < 64; i++)
		add_prefix(&list, (struct km_ip){{0x20010db8, i, 0, 2 * i}}, 128 - 8 * (i % 4));
	tidy(&list);
	assert_int_equal(km_lines_add(&lines, 1, &line), 0);
	assert_int_equal(km_set_v6_build(list.ranges, list.count, &lines, &set), 0);
	needed = lines.count - 1;
	for (uint32_t room = 0; room < needed; room++) {
		lines.count = 1;
		assert_int_equal(km_lines_add(&lines, MAX_LINES - 1 - room, &line), 0);
		assert_int_equal(km_set_v6_build(list.ranges, list.count, &lines, &set), -E2BIG);
	}
	km_lines_free(&lines);
	free(list.ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_and_everything),
		cmocka_unit_test(test_one_range),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_single_hosts),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_many_runs),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_exceptions),
		cmocka_unit_test(test_exception_between_leaves),
		cmocka_unit_test(test_last_hosts),
		cmocka_unit_test(test_random_ranges),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_same_ranges_same_lines),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
