/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "list_text.h"
#include "policy/addr.h"
#include "policy/rule.h"
#include "rule_text.h"

static void test_order(void **state)
{
	static const struct {
		const char *text;
		int64_t until;
		uint32_t line;
	} rules[] = {
		{"::/0", KM_FOREVER, 1},	  {"10.0.0.0/24", 5, 2},	  {"!10.0.0.0/24", 5, 3},
		{"10.0.0.0/24", KM_FOREVER, 4},	  {"10.0.0.0/8", KM_FOREVER, 5},  {"9.255.0.0/16", KM_FOREVER, 6},
		{"!10.0.0.0/24", 9, 7},		  {"10.0.0.0/24", KM_FOREVER, 8}, {"2001:db8::/32", KM_FOREVER, 9},
		{"!200.0.0.0/8", KM_FOREVER, 10},
	};
	static const uint32_t lines[] = {6, 5, 7, 3, 4, 8, 2, 10, 1, 9};
	struct km_rules list = {};

	(void)state;
	for (size_t i = 0; i < 10; i++)
		rule_text(&list, rules[i].text, rules[i].line, rules[i].until);
	km_rules_sort(&list);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(list.list[i].line, lines[i]);
	km_rules_free(&list);
}

static int compare(const struct km_rule *a, const struct km_rule *b)
{
	int order = a->family - b->family;

	if (!order)
		order = km_ip_compare(a->ip, b->ip);
	if (!order)
		order = a->len - b->len;
	if (!order)
		order = b->deny - a->deny;
	if (!order)
		order = (a->until < b->until) - (a->until > b->until);
	if (!order)
		order = a->file - b->file;
	return order ? order : (a->line > b->line) - (a->line < b->line);
}

/* Many rules take another way than few: random ones, most of them alike, must come out whole and in order. */
static void test_many(void **state)
{
	struct km_rules list = {};
	uint64_t lines = 0, sum = 0;
	unsigned seed = 7;

	(void)state;
	for (uint32_t i = 1; i <= 5000; i++) {
		struct km_rule rule = {.line = i, .file = rand_r(&seed) % 2, .deny = rand_r(&seed) % 2};

		rule.family = rand_r(&seed) % 2;
		rule.len = rand_r(&seed) % 3 + 24;
		rule.until = rand_r(&seed) % 3 ? KM_FOREVER : rand_r(&seed) % 3;
		for (unsigned w = 0; w < (rule.family ? 4 : 1); w++)
			rule.ip.word[w] = (uint32_t)(rand_r(&seed) % 3) << (rand_r(&seed) % 2 ? 30 : 9);
		lines += (uint64_t)i * i;
		assert_int_equal(km_rules_add(&list, &rule), 0);
	}
	km_rules_sort(&list);
	assert_int_equal(list.count, 5000);
	for (size_t i = 0; i < list.count; i++) {
		sum += (uint64_t)list.list[i].line * list.list[i].line;
		assert_true(!i || compare(&list.list[i - 1], &list.list[i]) < 0);
	}
	assert_int_equal(sum, lines);
	km_rules_free(&list);
}

static void test_range(void **state)
{
	struct km_rule like = {.line = 9, .file = 2, .column = 4, .deny = true, .until = 5, .family = KM_V4};
	struct km_rules list = {};

	(void)state;
	like.ip = ip_text("192.0.2.5");
	assert_int_equal(km_rules_add_range(&list, &like, ip_text("192.0.2.16")), 0);
	assert_string_equal(rules_text(&list), "!192.0.2.5 !192.0.2.6/31 !192.0.2.8/29 !192.0.2.16");
	for (size_t i = 0; i < list.count; i++) {
		assert_int_equal(list.list[i].line, 9);
		assert_int_equal(list.list[i].file, 2);
		assert_int_equal(list.list[i].column, 4);
		assert_int_equal(list.list[i].until, 5);
		assert_true(list.list[i].range);
	}
	km_rules_free(&list);
	like.ip = ip_text("192.0.2.0");
	assert_int_equal(km_rules_add_range(&list, &like, ip_text("192.0.2.255")), 0);
	assert_int_equal(list.count, 1);
	assert_false(list.list[0].range);
	km_rules_free(&list);
}

/* The widest range that is no prefix takes two less than twice the bits. */
static void test_widest_range(void **state)
{
	struct km_rule like = {.family = KM_V6, .ip = {{0, 0, 0, 1}}};
	struct km_rules list = {};

	(void)state;
	assert_int_equal(km_rules_add_range(&list, &like, ip_text("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")), 0);
	assert_int_equal(list.count, 254);
	km_rules_free(&list);
}

static void test_self_room(void **state)
{
	struct km_rules list = {};

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		assert_true(km_rules_add_self(&list, &(struct km_self_rule){.line = i + 1, .until = 10 + i}));
	/* The other kind takes the place of the one that ends first; the same kind that of a shorter one. */
	assert_false(km_rules_add_self(&list, &(struct km_self_rule){.line = 9, .until = 3, .deny = true}));
	assert_int_equal(list.self[0].line, 9);
	assert_false(km_rules_add_self(&list, &(struct km_self_rule){.line = 10, .until = 2, .deny = true}));
	assert_int_equal(list.self[0].line, 9);
	assert_false(km_rules_add_self(&list, &(struct km_self_rule){.line = 11, .until = 4, .deny = true}));
	assert_int_equal(list.self[0].line, 11);
	assert_false(km_rules_add_self(&list, &(struct km_self_rule){.line = 12, .until = 99}));
	assert_int_equal(list.self[1].line, 12);
	assert_int_equal(list.self_count, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	     cmocka_unit_test(test_many),      cmocka_unit_test(test_range),
		cmocka_unit_test(test_widest_range), cmocka_unit_test(test_self_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
