/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "list_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct file_case {
	const char *bytes;
	size_t size; /* 0: up to the NUL */
	struct list_diag error;
};

/* One error for all of the file, and no rule. */
static void test_foreign(void **state)
{
	static const struct file_case cases[] = {
		{"{\"prefixes\": [\n{\"ip_prefix\": \"192.0.2.0/24\"}\n]}\n", 0, {1, 1, "JSON"}},
		{"[\n  \"192.0.2.0/24\"\n]\n", 0, {1, 1, "JSON"}},
		{"[\"192.0.2.0/24\",\"198.51.100.0/24\"]", 0, {1, 1, "JSON"}},
		{"\r\n\n  {\r\n}", 0, {1, 1, "JSON"}},
		{"\xef\xbb\xbf{}", 0, {1, 1, "JSON"}},
		{"\"192.0.2.0/24\",\"office\"\n\"198.51.100.0/24\",\"lab\"\n", 0, {1, 1, "CSV"}},
		{"prefix,name\n192.0.2.0/24,office\n", 0, {1, 1, "CSV"}},
		{"192.0.2.0/24,office\n198.51.100.0/24,lab\n", 0, {1, 1, "CSV"}},
		{"# office\nallow 192.0.2.0/24;\ndeny all;\n", 0, {2, 1, "!X"}},
		{"\tdeny 192.0.2.66; # x\r\nallow all;\n", 0, {1, 2, "nginx"}},
		{"create bad hash:net family inet\nadd bad 192.0.2.0/24\n", 0, {1, 1, "ipset"}},
		{"add bad 192.0.2.0/24\n", 0, {1, 1, "ipset"}},
		{"# x\n\n<!DOCTYPE html>\n<html>404</html>\n", 0, {3, 1, "HTML"}},
		{"*filter\n:INPUT ACCEPT\n-A INPUT -s 192.0.2.1 -j ACCEPT\n", 0, {1, 1, "iptables"}},
		{"-A INPUT -s 192.0.2.1 -j ACCEPT\n", 0, {1, 1, "iptables"}},
		{"table inet filter {\n}\n", 0, {1, 1, "nft"}},
		{"---\n- 192.0.2.0/24\n", 0, {1, 1, "YAML"}},
		{"-----BEGIN CERTIFICATE-----\n", 0, {1, 1, "certificate"}},
		{"\xff\xfe"
		 "1\0\n\0",
		 6,
		 {1, 1, "UTF-16"}},
		{"\xfe\xff"
		 "\0001\0\n",
		 6,
		 {1, 1, "UTF-16"}},
		{"1\0002\0\n\0", 6, {1, 1, "UTF-16"}},
		{"\0001\0002\0\n", 6, {1, 1, "UTF-16"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct list_diag wanted[2] = {cases[i].error};
		struct parsed_list list;

		parse_list(cases[i].bytes, cases[i].size ? cases[i].size : strlen(cases[i].bytes), &list);
		check_diags(cases[i].bytes, &list.diags, KM_ERROR_DIAG, wanted);
		assert_int_equal(list.rules.count, 0);
		free_list(&list);
	}
}

/* What looks like it for a moment gets the errors of its lines, each at its place. */
static void test_lists(void **state)
{
	static const struct file_case cases[] = {
		{"192.0.2.0/24, 198.51.100.0/24\n10.0.0.1,\n", 0, {1, 13, "commas"}},
		{"[2001:db8::7]:6443\n", 0, {1, 1, "brackets"}},
		{"office, lab\n", 0, {1, 1, "names"}},
		{"allow 192.0.2.0/24\n", 0, {1, 1, "\"allow\""}},
		{"192.0.2.1\n{\n", 0, {2, 1, "{"}},
		{"192.0.2.1\nallow 192.0.2.2;\n", 0, {2, 1, "\"allow\""}},
		{"1\0", 2, {1, 2, "NUL"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct list_diag wanted[3] = {cases[i].error};
		struct parsed_list list;

		if (!i)
			wanted[1] = (struct list_diag){2, 9, "commas"};
		parse_list(cases[i].bytes, cases[i].size ? cases[i].size : strlen(cases[i].bytes), &list);
		check_diags(cases[i].bytes, &list.diags, KM_ERROR_DIAG, wanted);
		free_list(&list);
	}
}

/* A netset of FireHOL is a list as it is. */
static void test_netset(void **state)
{
	static const char text[] = "#\n# fullbogons\n#\n0.0.0.0/8\n10.0.0.0/8\n240.0.0.0/4\n";
	struct parsed_list list;

	(void)state;
	judge_list(text, &list);
	assert_int_equal(list.diags.count, 0);
	assert_string_equal(rules_text(&list.rules), "0.0.0.0/8 10.0.0.0/8 240.0.0.0/4");
	free_list(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_netset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
