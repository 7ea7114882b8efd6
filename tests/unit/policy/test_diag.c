/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/diag.h"

static void test_kept(void **state)
{
	struct km_diags diags = {};

	(void)state;
	km_diag_error(&diags, 2, 7, 9, "octet %d", 300);
	km_diag_warning(&diags, 1, 3, 1, "a duplicate");
	assert_int_equal(diags.count, 2);
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.warnings, 1);
	assert_int_equal(diags.list[0].file, 2);
	assert_int_equal(diags.list[0].line, 7);
	assert_int_equal(diags.list[0].column, 9);
	assert_int_equal(diags.list[0].severity, KM_ERROR_DIAG);
	assert_string_equal(diags.list[0].message, "octet 300");
	assert_int_equal(diags.list[1].severity, KM_WARNING_DIAG);
	km_diags_free(&diags);
	assert_null(diags.list);
	assert_int_equal(diags.count, 0);
}

static void test_escaped(void **state)
{
	struct km_diags diags = {};

	(void)state;
	km_diag_error(&diags, 0, 1, 1, "%s", "\x1b[31m \n\t\x7f caf\xc3\xa9");
	assert_string_equal(diags.list[0].message, "\\x1b[31m \\x0a\\x09\\x7f caf\xc3\xa9");
	km_diags_free(&diags);
}

static void test_sorted(void **state)
{
	static const char *const wanted[] = {"a", "b", "c", "d", "e", "f", "g"};
	struct km_diags diags = {};

	(void)state;
	km_diags_sort(&diags);
	km_diag_warning(&diags, 0, 1, 1, "f");
	km_diag_error(&diags, 1, 1, 1, "e");
	km_diag_error(&diags, 0, 2, 5, "c");
	km_diag_error(&diags, 0, 1, 9, "a");
	km_diag_error(&diags, 0, 2, 5, "d");
	km_diag_warning(&diags, 0, 1, 1, "g");
	km_diag_error(&diags, 0, 2, 1, "b");
	km_diags_sort(&diags);
	for (size_t i = 0; i < diags.count; i++)
		assert_string_equal(diags.list[i].message, wanted[i]);
	km_diags_free(&diags);
}

/* Beyond the bound they are counted only, and one severity takes no room from the other. */
static void test_bound(void **state)
{
	struct km_diags diags = {};

	(void)state;
	for (unsigned i = 0; i < KM_DIAGS_MAX + 5; i++)
		km_diag_warning(&diags, 0, i + 1, 1, "w");
	km_diag_error(&diags, 0, 1, 1, "e");
	assert_int_equal(diags.warnings, KM_DIAGS_MAX + 5);
	assert_int_equal(diags.errors, 1);
	assert_int_equal(diags.count, KM_DIAGS_MAX + 1);
	km_diags_sort(&diags);
	assert_string_equal(diags.list[0].message, "e");
	km_diags_free(&diags);
}

/* Equal places stay in the order they were found, however many there are. */
static void test_stable(void **state)
{
	struct km_diags diags = {};
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		km_diag_error(&diags, 0, 100 - i % 100, 1, "%u", i / 100);
	km_diags_sort(&diags);
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "%u", i % 10);
		assert_int_equal(diags.list[i].line, i / 10 + 1);
		assert_string_equal(diags.list[i].message, text);
	}
	km_diags_free(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),  cmocka_unit_test(test_escaped), cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_bound), cmocka_unit_test(test_stable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
