/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/troubles.h"

static char heard[512];

static void tell(const struct km_problem *problem, bool gone, void *context)
{
	char *told = context;

	snprintf(told + strlen(told), sizeof(heard) - strlen(told), "%c%s:%.64s ", gone ? '-' : '+', problem->kind,
		 problem->message);
}

static bool update(struct km_troubles *troubles, const struct km_status *status)
{
	*heard = '\0';
	return km_troubles_update(troubles, status, tell, heard);
}

static void test_each_is_told_once_as_it_comes_and_goes(void **state)
{
	static struct km_status fine, one, two;
	static struct km_troubles troubles;

	(void)state;
	one = (struct km_status){.problem_count = 1, .problems = {{"detached", "sk_lookup", "a"}}};
	two = one;
	two.problem_count = 2;
	two.problems[1] = (struct km_problem){"uncovered", NULL, "b"};

	assert_false(update(&troubles, &fine));
	assert_string_equal(heard, "");
	assert_true(update(&troubles, &one));
	assert_string_equal(heard, "+detached:a ");
	assert_false(update(&troubles, &one));
	assert_string_equal(heard, "");
	assert_true(update(&troubles, &two));
	assert_string_equal(heard, "+uncovered:b ");
	strcpy(one.problems[0].message, "c");
	assert_true(update(&troubles, &one));
	assert_string_equal(heard, "-detached:a -uncovered:b +detached:c ");
	assert_false(update(&troubles, &fine));
	assert_string_equal(heard, "-detached:c ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_is_told_once_as_it_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
