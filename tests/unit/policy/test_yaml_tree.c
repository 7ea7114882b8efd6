/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_errors.h"

#define BOM "\xef\xbb\xbf"

static const struct config_case of_yaml[] = {
	/* Nothing there. */
	{"", {{1, 1, "empty"}}},
	{"# only a comment\n", {{1, 1, "empty"}}},
	{"---\n", {{1, 1, "empty"}}},
	{"~\n", {{1, 1, "empty"}}},
	/* No map. */
	{"etcd.allow\n", {{1, 1, "must be a map"}}},
	{"- version: 1\n", {{1, 1, "found a list"}}},
	{"version:1\n", {{1, 1, "blank after the colon"}}},
	/* Bytes. */
	{"version: 1\nmode: \xff\n", {{2, 7, "0xff"}}},
	{"mode: \xc3\xa9\xc0\x80\n", {{1, 9, "0xc0"}}},
	{"mode: \xed\xa0\x80\n", {{1, 7, "not UTF-8"}}},
	{"mode: \xe2\x82", {{1, 7, "not UTF-8"}}},
	{"version: 1\nmode:\f audit\n", {{2, 6, "0x0c"}}},
	{"version: 1\rmode: audit\n", {{1, 11, "carriage return"}}},
	{"version: 1\r", {{1, 11, "carriage return"}}},
	{"mode: \xc3\xa9\xe2\x80\xa8\n", {{1, 9, "U+2028"}}},
	{"mode: \x7f\n", {{1, 7, "U+007F"}}},
	{"mode: " BOM "\n", {{1, 7, "U+FEFF"}}},
	{"\xff\xfev\n", {{1, 1, "UTF-16"}}},
	/* Syntax: one error, at its place. */
	{"version: 1\nservices:\n\tetcd: {}\n", {{3, 1, "spaces, not tabs"}}},
	{"version: 1\n\tmode: audit\n", {{2, 1, "spaces, not tabs"}}},
	{"version: 1\nfailsafe: [::1]\n", {{2, 12, "quotes"}}},
	{"version: 1\nmode: @enforce\n", {{2, 7, "quotes"}}},
	{"version: 1\nmode: a: b\n", {{2, 8, "mapping values"}}},
	{"version: 1\nservices:\n    etcd: {}\n  kubelet: {}\n", {{4, 3, "expected key"}}},
	{"version: 1\nmode: \"enforce\n", {{2, 7, "before this is closed"}}},
	{"version: 1\nservices: {etcd: {ports: [2379}}\n", {{2, 31, "from 2:26"}}},
	{"version: 1\nservices: {etcd: {ports: [2379,", {{2, 26, "before this is closed"}}},
	{"version: 1\nfoo: 2\nmode: [\n", {{3, 7, "before this is closed"}}},
	/* Columns are bytes: the bad one stands behind two letters of two bytes each. */
	{"version: 1\nmode: '\xc3\xa9\xc3\xa9' x\n", {{2, 14, "not YAML"}}},
	{BOM "version: 1\nmode: '\xe2\x82\xac': x\n", {{2, 12, "not YAML"}}},
	{BOM "mode: a: b\n", {{1, 8, "not YAML"}}},
	/* What YAML has and this file may not. */
	{"version: &v 1\nservices: {etcd: {}}\n", {{1, 10, "anchors"}}},
	{"version: 1\nservices: {etcd: &e {ports: [1]}, web: *e}\n", {{2, 18, "anchors"}, {2, 40, "aliases"}}},
	{"version: 1\nservices: {etcd: {<<: {ports: [1]}}}\n", {{2, 19, "merge keys"}}},
	{"version: !!int 1\nservices: {etcd: {}}\n", {{1, 10, "tags"}}},
	{"version: 1\nservices: {etcd: {allow: [!a b]}}\n", {{2, 27, "tags"}}},
	{"version: 1\n? [a]\n: b\n", {{2, 3, "a key is a word"}}},
	{"version: 1\n*a : b\n", {{2, 1, "aliases"}}},
	{"version: 1\nservices: {etcd: {}}\n---\nmode: audit\n", {{3, 1, "second document"}}},
	{"version: 1\nservices: {etcd: {allow: [\"a\\0b\"]}}\n", {{2, 27, "NUL"}}},
	{"version: 1\nmode: [[[[[[[[[[[]]]]]]]]]]]\n", {{2, 7, "audit or enforce"}, {2, 14, "too deep"}}},
};

static void test_yaml(void **state)
{
	(void)state;
	CHECK_CONFIGS(of_yaml);
}

static void one_error(const char *bytes, size_t size, unsigned line, unsigned column, const char *part)
{
	struct km_config config;
	struct km_diags diags = {0};

	parse_config(bytes, size, &config, &diags);
	assert_int_equal(diags.count, 1);
	assert_int_equal(diags.list[0].line, line);
	assert_int_equal(diags.list[0].column, column);
	assert_non_null(strstr(diags.list[0].message, part));
	km_diags_free(&diags);
	km_config_free(&config);
}

static void test_nul_and_utf16(void **state)
{
	static const char nul[] = "version: 1\nmo\0de: audit\n";
	static const char little[] = "v\0e\0r\0\n\0";
	static const char big[] = "\0v\0e\0r\0\n";

	(void)state;
	one_error(nul, sizeof(nul) - 1, 2, 3, "0x00");
	one_error(little, sizeof(little) - 1, 1, 1, "UTF-16");
	one_error(big, sizeof(big) - 1, 1, 1, "UTF-16");
}

static void test_too_large(void **state)
{
	enum { SIZE = (1 << 20) + 1 };
	char *text = malloc(SIZE);

	(void)state;
	assert_non_null(text);
	memset(text, '#', SIZE);
	one_error(text, SIZE, 1, 1, "1 MiB");
	one_error(text, SIZE - 1, 1, 1, "empty");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_nul_and_utf16),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
