/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "list_text.h"

/* A line, the column of its error, and what the message says to type instead. */
struct line_case {
	const char *text;
	unsigned column;
	const char *advice;
};

static void check_lines(const struct line_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct list_diag wanted[2] = {{1, cases[i].column, cases[i].advice}};
		struct parsed_list list;

		parse_list(cases[i].text, strlen(cases[i].text), &list);
		check_diags(cases[i].text, &list.diags, KM_ERROR_DIAG, wanted);
		assert_int_equal(list.rules.count, 0);
		assert_int_equal(list.rules.written, 0);
		free_list(&list);
	}
}

#define CHECK_LINES(cases) check_lines(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_addresses(void **state)
{
	static const struct line_case cases[] = {
		{"192.0.2.011", 9, "decimal number 11"},
		{"010.0.0.1", 1, "decimal number 10"},
		{"192.0.2.00", 9, "decimal number 0"},
		{"192.0.2.300", 9, "above 255"},
		{"!999.0.2.3/8", 2, "above 255"},
		{"10/8", 1, "10.0.0.0/8"},
		{"10.1", 1, "10.1.0.0/16"},
		{"!192.0.2.", 2, "192.0.2.0/24"},
		{"192.0.2", 1, "192.0.2.0/24"},
		{"10.0.0.*", 1, "10.0.0.0/24"},
		{"2001:db8/32", 1, "2001:db8::/32"},
		{"1:2:3:4:5:6:7", 1, "eight groups"},
		{"::ffff:1.2.3.4", 1, "write 1.2.3.4"},
		{"::FFFF:102:0/112", 1, "write 1.2.0.0/16"},
		{"10.0.0.1-::ffff:10.0.0.9", 10, "write 10.0.0.9"},
		{"::1.2.3.256", 9, "above 255"},
		{"1:2:3:4:5:6:7:1.2.3.4", 15, "eight groups"},
		{"1:2:3:4:5:6:7:8:9", 17, "eight groups"},
		{"1:2:3:4::5:6:7:8", 1, "eight groups"},
		{"2001:db8::12345", 11, "one to four hexadecimal digits"},
		{"1::2::3", 5, "once"},
		{":1", 1, "::"},
		{"2001:db8:", 9, "::"},
		{"1:::2", 2, "::"},
		{"fe80::1%eth0", 8, "scope id"},
		{"fe80::1%eth0/64", 8, "scope id"},
		{"192.0.2.7:6443", 10, "port"},
		{"[2001:db8::7]:6443", 1, "write 2001:db8::7"},
		{"![::1]", 2, "write ::1"},
		{"[x", 1, "brackets"},
		{"bastion.example.net", 1, "names are not looked up"},
		{"localhost", 1, "@self"},
		{"163.example.com", 1, "names are not looked up"},
		{"!dead", 2, "names are not looked up"},
		{"https://192.0.2.7/", 1, "names are not looked up"},
	};

	(void)state;
	CHECK_LINES(cases);
}

static void test_prefixes_and_ranges(void **state)
{
	static const struct line_case cases[] = {
		{"10.0.0.1/8", 1, "10.0.0.0/8 for the network or 10.0.0.1 for"},
		{" !10.0.0.1/24", 3, "10.0.0.0/24 for the network or 10.0.0.1 for"},
		{"2001:db8::1/32", 1, "2001:db8::/32 for the network or 2001:db8::1 for"},
		{"203.0.113.7/0", 1, "@any (everyone) for the network or 203.0.113.7"},
		{"10.0.0.0/255.0.0.0", 10, "10.0.0.0/8"},
		{"10.0.5.0/0.0.0.255", 10, "10.0.5.0/24"},
		{"10.0.0.0/255.0.255.0", 10, "newline"},
		{"10.0.0.0/33", 10, "above 32"},
		{"2001:db8::/129", 12, "above 128"},
		{"10.0.0.0/032", 10, "/32"},
		{"10.0.0.0/00", 10, "/0"},
		{"10.0.0.0/", 9, "missing"},
		{"10.0.0.0/#8", 9, "missing"},
		{"10.0.0.0/x", 10, "a number"},
		{"10.0.0.0/-8", 10, "a number"},
		{"2001:db8::/ffff::", 12, "a number"},
		{"10.0.0.0/ 8", 10, "no blank"},
		{"10.0.0.1 /32", 9, "no blank"},
		{"10.0.0.0//8", 9, "only #"},
		{"10.0.0.0/8/9", 11, "one prefix length"},
		{"/8", 1, "10.0.0.0/16"},
		{"198.51.100.0/242001:db8::/32", 14, "newline missing?"},
		{"198.51.100.0/24198.51.100.0/24", 14, "newline missing?"},
		{"2001:db8::/322001:db8::/32", 12, "newline missing?"},
		{"10.0.0.110.0.0.2", 12, "newline missing?"},
		{"10.0.0.0/8fd00::/8", 11, "newline missing?"},
		{"198.51.100.20-198.51.100.10", 15, "198.51.100.10-198.51.100.20"},
		{"2001:db8::2 - 2001:db8::1", 15, "2001:db8::1-2001:db8::2"},
		{"10.0.0.1-2001:db8::1", 10, "one family"},
		{"10.0.0.0/24-10.0.0.9", 10, "no prefix lengths"},
		{"10.0.0.0-10.0.0.9/24", 19, "no prefix lengths"},
		{"10.0.0.0-10.0.0.9/", 18, "no prefix lengths"},
		{"10.0.0.1-20", 10, "written in full"},
		{"10.0.0.1-", 9, "second address"},
		{"10.0.0.1 - # x", 10, "second address"},
		{"10.0.0.1-10.0.0.300", 17, "above 255"},
		{"10.0.0.1-10.0.0.2-10.0.0.3", 18, "two ends"},
		{"10.0.0.1..10.0.0.3", 9, "first-last"},
		{"10.0.0.1 to 10.0.0.3", 10, "10-198"},
		{"10.0.0.1-@any", 10, "no address"},
	};

	(void)state;
	CHECK_LINES(cases);
}

static void test_words(void **state)
{
	static const struct line_case cases[] = {
		{"!", 1, "alone"},
		{"! # x", 1, "alone"},
		{"! 192.0.2.66", 2, "no blank after !"},
		{"!!192.0.2.66", 2, "second"},
		{"@selff", 1, "@self"},
		{"!@amy", 2, "@any"},
		{"@", 1, "@any"},
		{"@Self", 1, "@self"},
		{"@self/8", 1, "@self"},
		{"@self @any", 7, "one rule a line"},
		{"192.0.2.0/24, 198.51.100.0/24", 13, "one rule a line"},
		{"192.0.2.0/24 , 198.51.100.0/24", 14, "one rule a line"},
		{"192.0.2.1 192.0.2.2", 11, "one rule a line"},
		{"192.0.2.1 !192.0.2.2", 11, "one rule a line"},
		{"192.0.2.1!", 10, "before the address"},
		{"192.0.2.1x", 10, "'x'"},
		{"198.51.100.0/24 ; SBL000001", 17, "blocklist"},
		{"198.51.100.0/24; SBL000001", 16, "only #"},
		{"198.51.100.0/24 // x", 17, "not \"//\""},
		{"; x", 1, "only #"},
		{"// x", 1, "only #"},
		{"any", 1, "@any"},
		{"*", 1, "@any"},
		{"allow 192.0.2.1", 1, "!X to deny"},
		{"\"192.0.2.1\"", 1, "no quotes"},
		{"- 192.0.2.1", 1, "no dash"},
		{"~192.0.2.1", 1, "starts with !"},
		{"+192.0.2.1", 1, "sign"},
		{"(192.0.2.1)", 1, "write one as"},
		{"until", 1, "the address before"},
		{"192.0.2.1 bastion", 11, "# comment"},
	};

	(void)state;
	CHECK_LINES(cases);
}

static void test_until(void **state)
{
	static const struct line_case cases[] = {
		{"192.0.2.1 until", 11, "2026-12-01T18:00:00Z"},
		{"192.0.2.1 until # x", 11, "2026-12-01T18:00:00Z"},
		{"@self until tomorrow", 13, "2026-12-01T18:00:00Z"},
		{"192.0.2.1 Until 2026-12-01T18:00:00Z", 11, "small letters"},
		{"192.0.2.1 untl 2026-12-01T18:00:00Z", 11, "\"until\" meant?"},
		{"192.0.2.1until 2026-12-01T18:00:00Z", 10, "'u'"},
		{"192.0.2.1 until 2026-12-01", 17, "T and the time of day"},
		{"192.0.2.1 until 2026-12-01 18:00:00Z", 17, "T and the time of day"},
		{"192.0.2.1 until 2026-12-01T18:00:00", 17, "zone"},
		{"192.0.2.1 until 2026-13-01T18:00:00Z", 22, "month"},
		{"192.0.2.1 until 2026-02-29T18:00:00Z", 25, "no such day"},
		{"192.0.2.1 until 2026-12-01T18:00:00Z;", 37, "comment"},
		{"192.0.2.1 until 2026-12-01T18:00:00Z 192.0.2.2", 38, "one rule a line"},
		{"192.0.2.1 until 2026-12-01T18:00:00\xe2\x80\x89Z", 36, "U+2009"},
	};

	(void)state;
	CHECK_LINES(cases);
}

static void test_strays(void **state)
{
	static const struct line_case cases[] = {
		{"\xe2\x80\x9c"
		 "192.0.2.1\xe2\x80\x9d",
		 1, "U+201C"},
		{"b\xd0\xb0stion", 2, "U+0430"},
		{"192.0.2.1\xc2\xa0# x", 10, "U+00A0 (no-break space)"},
		{"192.0.2.1\xe2\x80\x93"
		 "192.0.2.9",
		 10, "U+2013 (a dash) is not ASCII: type the plain -"},
		{"192.0.2.\xef\xbc\x91", 9, "U+FF11"},
		{"192.0.2.1 \xf0\x9f\x98\x80", 11, "U+1F600"},
		{"192.0.2.0/\xd9\xa2\xd9\xa4", 11, "U+0662"},
		{"@\xc3\xa9", 2, "U+00E9"},
		{"192.0.2.1 unt\xc3\xacl", 14, "U+00EC"},
		{"192.0.2.1\xef\xbb\xbf", 10, "files were joined"},
		{"192.0.2.1\xff", 10, "0xff is not UTF-8"},
		{"192.0.2.1\xc0\xaf", 10, "0xc0 is not UTF-8"},
		{"192.0.2.1\xe0\x80\xaf", 10, "0xe0 is not UTF-8"},
		{"192.0.2.1\xed\xa0\x80", 10, "0xed is not UTF-8"},
		{"192.0.2.1\xe2\x80", 10, "0xe2 is not UTF-8"},
		{"192.0.2.1\f", 10, "form feed"},
		{"\v192.0.2.1", 1, "0x0b"},
		{"192.0.2.1 \x7f", 11, "0x7f"},
		{"# \x1b[31m", 3, "0x1b"},
		{"192.0.2.1 # x\f", 14, "form feed"},
		{"192.0.2.1\r", 10, "CR"},
		{"192.0.2.1\r192.0.2.2\r", 10, "CR"},
		{"192.0.2.1\r\r\n", 10, "CR"},
		{"\r# x\n", 1, "CR"},
	};
	static const char nul[] = "192.0.2.1\n192.0.\0002.1\n# \0\n";
	struct parsed_list list;

	(void)state;
	CHECK_LINES(cases);
	parse_list(nul, sizeof(nul) - 1, &list);
	check_diags("NUL", &list.diags, KM_ERROR_DIAG, (struct list_diag[]){{2, 7, "NUL"}, {3, 3, "NUL"}, {0}});
	free_list(&list);
}

/* That a blocklist was pasted here is said once a file. */
static void test_comment_once(void **state)
{
	static const char text[] = "192.0.2.0/24 ; a\n198.51.100.0/24 ; b\n";
	struct parsed_list list;

	(void)state;
	parse_list(text, strlen(text), &list);
	check_diags(text, &list.diags, KM_ERROR_DIAG,
		    (struct list_diag[]){{1, 14, "blocklist"}, {2, 17, "only # starts a comment, not \";\""}, {0}});
	assert_null(strstr(list.diags.list[1].message, "blocklist"));
	free_list(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses), cmocka_unit_test(test_prefixes_and_ranges),
		cmocka_unit_test(test_words),	  cmocka_unit_test(test_until),
		cmocka_unit_test(test_strays),	  cmocka_unit_test(test_comment_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
