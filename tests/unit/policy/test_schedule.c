/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/schedule.h"

static void with(struct km_policy *policy, const int64_t *untils, size_t count)
{
	policy->config.service_count = 1;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(km_rules_add(&policy->rules[0],
					      &(struct km_rule){.family = KM_V4, .len = 32, .until = untils[i]}),
				 0);
}

static void test_each_once_ascending(void **state)
{
	static const int64_t untils[] = {50, 20, KM_FOREVER, 30, 20, 10, 60};
	struct km_policy policy = {};
	int64_t moments[8];
	bool more;

	(void)state;
	with(&policy, untils, sizeof(untils) / sizeof(*untils));
	policy.rules[0].self[0].until = 40;
	policy.rules[0].self_count = 1;
	/* Neither the moment that it starts at, nor the one that it ends at. */
	assert_int_equal(km_policy_moments(&policy, 10, 60, 8, moments, &more), 4);
	assert_false(more);
	for (int i = 0; i < 4; i++)
		assert_int_equal(moments[i], 20 + 10 * i);
	km_rules_free(&policy.rules[0]);
}

static void test_the_first_ones_that_fit(void **state)
{
	static const int64_t untils[] = {50, 40, 30, 20, 10, 10};
	struct km_policy policy = {};
	int64_t moments[2];
	bool more;

	(void)state;
	with(&policy, untils, sizeof(untils) / sizeof(*untils));
	assert_int_equal(km_policy_moments(&policy, 0, KM_FOREVER, 2, moments, &more), 2);
	assert_true(more);
	assert_int_equal(moments[0], 10);
	assert_int_equal(moments[1], 20);
	km_rules_free(&policy.rules[0]);
}

static void test_a_doubted_clock_ends_permissions_alone(void **state)
{
	(void)state;
	assert_true(km_rule_holds(KM_FOREVER, false, KM_DOUBTED));
	assert_false(km_rule_holds(100, false, KM_DOUBTED));
	assert_true(km_rule_holds(100, true, KM_DOUBTED));
	assert_true(km_rule_holds(100, false, 99));
	assert_false(km_rule_holds(100, true, 100));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_once_ascending),
		cmocka_unit_test(test_the_first_ones_that_fit),
		cmocka_unit_test(test_a_doubted_clock_ends_permissions_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
