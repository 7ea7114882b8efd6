/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/nearest.h"

static const char *const known[] = {"version", "mode", "services", "ports", "allow", "deny"};

static void test_nearest(void **state)
{
	static const struct {
		const char *word, *nearest;
		unsigned distance;
	} cases[] = {
		{"mode", "mode", 0},	     {"mod", "mode", 1}, /* one missing */
		{"modde", "mode", 1},				 /* one too many */
		{"mofe", "mode", 1},				 /* one wrong */
		{"mdoe", "mode", 1},				 /* two swapped */
		{"PORTS", "ports", 0},				 /* case is not a letter's difference */
		{"srevcies", "services", 2}, {"port", "ports", 1},
		{"denies", "deny", 3},	     {"", "mode", 4}, /* the first of the shortest */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_nearest search = {.word = cases[i].word};

		for (size_t j = 0; j < sizeof(known) / sizeof(known[0]); j++)
			km_nearest_offer(&search, known[j]);
		assert_string_equal(search.best, cases[i].nearest);
		assert_int_equal(search.distance, cases[i].distance);
	}
}

static void test_long_word(void **state)
{
	char word[1000];
	struct km_nearest search = {.word = word};

	(void)state;
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = 0;
	km_nearest_offer(&search, "mode");
	assert_string_equal(search.best, "mode");
	km_nearest_offer(&search, word);
	assert_ptr_equal(search.best, word);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_long_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
