/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "list_text.h"
#include "policy/allowlist.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What is valid: text, and the rules in the order of the lines. */
static void test_rules(void **state)
{
	static const struct {
		const char *text, *rules;
	} cases[] = {
		{"", ""},
		{"\n \t\n# nothing\n   # nothing\n", ""},
		{"10.0.0.0/16", "10.0.0.0/16"},
		{"10.0.0.0/16\n!10.0.66.0/24 # why\n", "10.0.0.0/16 !10.0.66.0/24"},
		{" \t192.0.2.10\t \n", "192.0.2.10"},
		{"192.0.2.10/32\n192.0.2.10#no blank\n", "192.0.2.10 192.0.2.10"},
		{"192.0.2.10 # caf\xc3\xa9, \"10.0.0.1\" ; // ! @\n", "192.0.2.10"},
		{"192.0.2.10 # latin \xe9\n", "192.0.2.10"},
		{"192.0.2.0/24\r\n198.51.100.7\r\n", "192.0.2.0/24 198.51.100.7"},
		{"\xef\xbb\xbf"
		 "192.0.2.0/24\n",
		 "192.0.2.0/24"},
		{"@any", "0.0.0.0/0 ::/0"},
		{"!@any until 2030-01-01T00:00:00Z # all", "!0.0.0.0/0 !::/0"},
		{"0.0.0.0/0\n::/0\n", "0.0.0.0/0 ::/0"},
		{"fd00:10::/64\nFE80::/10\n::\n::1.2.3.4\n64:ff9b::1.2.3.4\n",
		 "fd00:10::/64 fe80::/10 :: ::102:304 64:ff9b::102:304"},
		{"1:2:3:4:5:6:7::\n::2:3:4:5:6:7:8\n1:2:3:4:5:6:1.2.3.4\n",
		 "1:2:3:4:5:6:7:0 0:2:3:4:5:6:7:8 1:2:3:4:5:6:102:304"},
		{"2001:db8::1/128\n", "2001:db8::1"},
		{"198.51.100.10-198.51.100.20\n", "198.51.100.10/31 198.51.100.12/30 198.51.100.16/30 198.51.100.20"},
		{"!198.51.100.0\t- \t198.51.100.255 # range\n", "!198.51.100.0/24"},
		{"192.0.2.7-192.0.2.7", "192.0.2.7"},
		{"0.0.0.0-255.255.255.255\n", "0.0.0.0/0"},
		{"0.0.0.1-255.255.255.255\n",
		 "0.0.0.1 0.0.0.2/31 0.0.0.4/30 0.0.0.8/29 0.0.0.16/28 0.0.0.32/27 0.0.0.64/26 0.0.0.128/25 "
		 "0.0.1.0/24 0.0.2.0/23 0.0.4.0/22 0.0.8.0/21 0.0.16.0/20 0.0.32.0/19 0.0.64.0/18 0.0.128.0/17 "
		 "0.1.0.0/16 0.2.0.0/15 0.4.0.0/14 0.8.0.0/13 0.16.0.0/12 0.32.0.0/11 0.64.0.0/10 0.128.0.0/9 "
		 "1.0.0.0/8 2.0.0.0/7 4.0.0.0/6 8.0.0.0/5 16.0.0.0/4 32.0.0.0/3 64.0.0.0/2 128.0.0.0/1"},
		{"2001:db8::ffff - 2001:db8::1:0\n", "2001:db8::ffff 2001:db8::1:0"},
		{"8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\n", "8000::/1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parsed_list list;

		parse_list(cases[i].text, strlen(cases[i].text), &list);
		check_diags(cases[i].text, &list.diags, KM_ERROR_DIAG, (struct list_diag[]){{0}});
		assert_string_equal(rules_text(&list.rules), cases[i].rules);
		free_list(&list);
	}
}

static void test_fields(void **state)
{
	static const char text[] = "# nodes\n  !10.0.66.0/24 until 2026-12-01T18:00:00.5+01:00\n"
				   "10.0.0.1-10.0.0.2\n@any\n10.0.0.1-\n";
	struct parsed_list list;

	(void)state;
	parse_list(text, strlen(text), &list);
	assert_int_equal(list.rules.count, 5);
	assert_int_equal(list.rules.written, 3);
	assert_int_equal(list.rules.list[0].file, LIST_FILE);
	assert_int_equal(list.rules.list[0].line, 2);
	assert_int_equal(list.rules.list[0].column, 3);
	assert_int_equal(list.rules.list[0].until, 1796144400500000000);
	assert_false(list.rules.list[0].range);
	assert_int_equal(list.rules.list[1].line, 3);
	assert_int_equal(list.rules.list[2].line, 3);
	assert_true(list.rules.list[1].range && list.rules.list[2].range);
	assert_int_equal(list.rules.list[3].family, KM_V4);
	assert_int_equal(list.rules.list[4].family, KM_V6);
	assert_int_equal(list.rules.list[4].until, KM_FOREVER);
	free_list(&list);
}

static void test_far_column(void **state)
{
	char *text = malloc(70001 + 8);
	struct parsed_list list;

	(void)state;
	assert_non_null(text);
	memset(text, ' ', 70001);
	memcpy(text + 70001, "10.0.0.1", 8);
	parse_list(text, 70001 + 8, &list);
	assert_int_equal(list.rules.list[0].column, UINT16_MAX);
	free_list(&list);
	free(text);
}

static void test_self(void **state)
{
	static const char text[] = "\t@self # here\n!@self until 2030-01-01T00:00:00Z\n";
	struct parsed_list list;

	(void)state;
	parse_list(text, strlen(text), &list);
	assert_int_equal(list.diags.count, 0);
	assert_int_equal(list.rules.count, 0);
	assert_int_equal(list.rules.written, 2);
	assert_int_equal(list.rules.self_count, 2);
	assert_false(list.rules.self[0].deny);
	assert_int_equal(list.rules.self[0].column, 2);
	assert_int_equal(list.rules.self[0].until, KM_FOREVER);
	assert_true(list.rules.self[1].deny);
	assert_int_equal(list.rules.self[1].file, LIST_FILE);
	assert_int_equal(list.rules.self[1].line, 2);
	assert_int_equal(list.rules.self[1].until, 1893456000000000000);
	free_list(&list);
}

/* More than there is room for: what decides is never lost. */
static void test_many_self(void **state)
{
	static const char text[] = "@self\n@self\n@self\n@self\n@self\n@self\n@self\n@self\n"
				   "!@self until 2030-01-01T00:00:00Z\n!@self until 2031-01-01T00:00:00Z\n@self\n";
	struct parsed_list list;
	unsigned denies = 0, allows = 0;

	(void)state;
	parse_list(text, strlen(text), &list);
	check_diags(text, &list.diags, KM_WARNING_DIAG,
		    (struct list_diag[]){{9, 1, "duplicate"}, {10, 1, "duplicate"}, {11, 1, "duplicate"}, {0}});
	assert_int_equal(list.rules.self_count, 8);
	for (unsigned i = 0; i < 8; i++) {
		allows += !list.rules.self[i].deny;
		denies += list.rules.self[i].deny && list.rules.self[i].until == 1924992000000000000;
	}
	assert_int_equal(denies, 1);
	assert_int_equal(allows, 7);
	free_list(&list);
}

static void test_warnings(void **state)
{
	static const struct {
		const char *text;
		struct list_diag warnings[3];
	} cases[] = {
		{"\xef\xbb\xbf"
		 "192.0.2.0/24\n",
		 {{1, 1, "byte order mark"}}},
		{"192.0.2.0/24\n10.0.0.1\r\n10.0.0.2\r\n", {{2, 9, "CR LF"}}},
		{" 0.0.0.0/0\n!0.0.0.0/0", {{1, 2, "everyone"}}},
		{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", {{1, 1, "everyone"}}},
		{"@any\n!@any\n", {{1, 1, "everyone"}}},
		{"0.0.0.0/1", {{0}}},
		{"10.0.0.1 until 2027-01-15T08:00:00Z", {{1, 16, "expired"}}},
		{"10.0.0.1 until 2027-01-15T08:00:00.000000001Z", {{0}}},
		{"!@self until 2020-01-01T00:00:00Z", {{1, 14, "expired"}}},
		{"@any until 2020-01-01T00:00:00Z", {{1, 12, "expired"}}},
		{"127.0.0.0/8\n!127.0.0.1\n::1\n", {{1, 1, "@self"}, {3, 1, "@self"}}},
		{"224.0.0.5-239.255.255.255\nff02::/16\n", {{1, 1, "multicast"}, {2, 1, "multicast"}}},
		{"0.0.0.0/32\n::\n255.255.255.255",
		 {{1, 1, "unspecified"}, {2, 1, "unspecified"}, {3, 1, "broadcast"}}},
		{"0.0.0.0/8\n240.0.0.0/4\n127.0.0.0-128.0.0.0\n", {{0}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct list_diag wanted[4] = {};
		struct parsed_list list;

		memcpy(wanted, cases[i].warnings, sizeof(cases[i].warnings));
		parse_list(cases[i].text, strlen(cases[i].text), &list);
		check_diags(cases[i].text, &list.diags, KM_ERROR_DIAG, (struct list_diag[]){{0}});
		check_diags(cases[i].text, &list.diags, KM_WARNING_DIAG, wanted);
		free_list(&list);
	}
}

/* A wrong line gives no rule, and takes none away from the others. */
static void test_others_stay(void **state)
{
	static const char text[] = "192.0.2.1\n192.0.2.300\n192.0.2.3 x\n!\n192.0.2.5\n";
	struct parsed_list list;

	(void)state;
	parse_list(text, strlen(text), &list);
	check_diags(text, &list.diags, KM_ERROR_DIAG,
		    (struct list_diag[]){{2, 9, "300"}, {3, 11, "x"}, {4, 1, "!"}, {0}});
	assert_string_equal(rules_text(&list.rules), "192.0.2.1 192.0.2.5");
	assert_int_equal(list.rules.written, 2);
	free_list(&list);
}

/* Ten megabytes without a line end: one error, quickly, and a message that can be read. */
static void test_long_line(void **state)
{
	static const char *const starts[] = {"a", "1", "10.0.0.1 ", "10.0.0.0/", "f", "10.0.0.", "1:", "# "};
	const size_t size = 10 << 20;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(starts); i++) {
		struct parsed_list list;
		size_t length = strlen(starts[i]);

		memset(text, starts[i][0] == 'f' ? 'f' : '1', size);
		memcpy(text, starts[i], length);
		parse_list(text, size, &list);
		assert_int_equal(list.diags.errors, starts[i][0] != '#');
		assert_true(!list.diags.count || strlen(list.diags.list[0].message) < 200);
		free_list(&list);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),	    cmocka_unit_test(test_fields),    cmocka_unit_test(test_far_column),
		cmocka_unit_test(test_self),	    cmocka_unit_test(test_many_self), cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_others_stay), cmocka_unit_test(test_long_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
