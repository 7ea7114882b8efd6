/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/reason.h"

/* The names that dashboards and scripts rely on, in the order of the counters. */
static void test_names(void **state)
{
	static const char *const names[KM_REASONS] = {
		"allowed",	     "allowed_failsafe", "denied_source", "revoked",	      "denied_rate",
		"denied_local",	     "denied_listen",	 "denied_egress", "denied_plaintext", "denied_tls_version",
		"denied_tls_cipher", "denied_martian",	 "error",
	};

	(void)state;
	for (unsigned i = 0; i < KM_REASONS; i++)
		assert_string_equal(km_reason_name(i), names[i]);
	assert_string_equal(km_reason_name(KM_REASONS), "?");
	assert_string_equal(km_verdict_name(KM_ALLOW), "allow");
	assert_string_equal(km_verdict_name(KM_DENY), "deny");
	assert_string_equal(km_verdict_name(KM_AUDIT), "audit");
	assert_string_equal(km_verdict_name(KM_VERDICTS), "?");
}

static void test_pairs(void **state)
{
	static const char *const allows[] = {"allowed", "allowed_failsafe"};
	static const char *const denies[] = {"denied_source", "revoked", "denied_martian", "error"};
	unsigned pairs = 0;

	(void)state;
	for (unsigned verdict = 0; verdict < KM_VERDICTS; verdict++)
		for (unsigned reason = 0; reason < KM_REASONS; reason++)
			pairs += km_verdict_has_reason(verdict, reason);
	assert_int_equal(pairs, 2 + 2 * 4);
	for (unsigned reason = 0; reason < KM_REASONS; reason++) {
		for (size_t i = 0; i < 2; i++)
			if (!strcmp(km_reason_name(reason), allows[i]))
				assert_true(km_verdict_has_reason(KM_ALLOW, reason));
		for (size_t i = 0; i < 4; i++)
			if (!strcmp(km_reason_name(reason), denies[i]))
				assert_true(km_verdict_has_reason(KM_DENY, reason) &&
					    km_verdict_has_reason(KM_AUDIT, reason));
	}
	assert_false(km_verdict_has_reason(KM_VERDICTS, KM_ERROR));
	assert_false(km_verdict_has_reason(KM_DENY, KM_REASONS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
