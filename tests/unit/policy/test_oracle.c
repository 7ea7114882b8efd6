/* SPDX-License-Identifier: BSD-2-Clause */
/* The sentences on who is allowed, one case each: what the property test builds on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "policy/oracle.h"
#include "policy/reason.h"
#include "rule_text.h"

#define NOW 1000
#define OTHER_V4 "198.18.0.1" /* a destination like any other */
#define OTHER_V6 "2001:db8:ff::1"

struct expectation {
	const char *source, *destination;
	enum km_via via;
	enum km_reason reason;
};

/* Host 10.0.0.5 and 2001:db8::5, failsafe 192.0.2.8/29. */
static void check(const struct km_rules *rules, const struct expectation *cases, size_t count)
{
	const struct km_own_address own[] = {
		{.family = KM_V4, .ip = ip_text("10.0.0.5")},
		{.family = KM_V6, .ip = ip_text("2001:db8::5")},
	};
	const struct km_facts facts = {.now = NOW, .own = own, .own_count = 2};
	struct km_policy policy = {.rules = {[1] = *rules}};

	policy.config.service_count = 2;
	policy.config.failsafe[0] = (struct km_config_failsafe){.family = KM_V4, .ip = ip_text("192.0.2.8"), .len = 29};
	policy.config.failsafe_count = 1;
	for (size_t i = 0; i < count; i++) {
		const struct km_flow flow = {
			.family = family_text(cases[i].source),
			.source = ip_text(cases[i].source),
			.destination = ip_text(cases[i].destination),
			.via = cases[i].via,
		};
		enum km_reason reason = km_oracle(&policy, &facts, 1, &flow);

		if (reason != cases[i].reason)
			fail_msg("case %zu, %s to %s: %s", i, cases[i].source, cases[i].destination,
				 km_reason_name(reason));
	}
}

#define CHECK(rules, cases) check(rules, cases, sizeof(cases) / sizeof(*(cases)))

static void test_lists(void **state)
{
	static const struct expectation cases[] = {
		{"198.51.100.7", OTHER_V4, KM_VIA_WIRE, KM_ALLOWED},
		{"198.51.100.7", OTHER_V4, KM_VIA_UNKNOWN, KM_ALLOWED},
		{"198.51.101.0", OTHER_V4, KM_VIA_WIRE, KM_DENIED_SOURCE},
		{"198.51.99.255", OTHER_V4, KM_VIA_UNKNOWN, KM_DENIED_SOURCE},
		{"198.51.100.66", OTHER_V4, KM_VIA_WIRE, KM_DENIED_SOURCE}, /* an exception */
		{"203.0.113.7", OTHER_V4, KM_VIA_WIRE, KM_DENIED_SOURCE},   /* equal: deny wins */
		{"203.0.113.8", OTHER_V4, KM_VIA_WIRE, KM_DENIED_SOURCE},   /* expired */
		{"203.0.113.9", OTHER_V4, KM_VIA_WIRE, KM_ALLOWED},	    /* not yet */
		{"2001:db8:1::7", OTHER_V6, KM_VIA_WIRE, KM_ALLOWED},
		{"2001:db8:2::", OTHER_V6, KM_VIA_WIRE, KM_DENIED_SOURCE},
		{"c633:6407::", OTHER_V6, KM_VIA_WIRE, KM_DENIED_SOURCE}, /* the bits of 198.51.100.7 */
	};
	struct km_rules rules = {};

	(void)state;
	rule_text(&rules, "!198.51.100.66", 1, KM_FOREVER);
	rule_text(&rules, "198.51.100.0/24", 2, KM_FOREVER);
	rule_text(&rules, "203.0.113.7", 3, KM_FOREVER);
	rule_text(&rules, "!203.0.113.7", 4, KM_FOREVER);
	rule_text(&rules, "203.0.113.8", 5, NOW);
	rule_text(&rules, "203.0.113.9", 6, NOW + 1);
	rule_text(&rules, "2001:db8:1::/48", 7, KM_FOREVER);
	CHECK(&rules, cases);
	km_rules_free(&rules);
}

static void test_nothing_listed(void **state)
{
	static const struct expectation cases[] = {
		{"198.51.100.7", OTHER_V4, KM_VIA_WIRE, KM_DENIED_SOURCE},
		{"198.51.100.7", OTHER_V4, KM_VIA_LO, KM_ALLOWED},
		{"192.0.2.8", OTHER_V4, KM_VIA_WIRE, KM_ALLOWED_FAILSAFE},
		{"192.0.2.15", OTHER_V4, KM_VIA_UNKNOWN, KM_ALLOWED_FAILSAFE},
		{"192.0.2.16", OTHER_V4, KM_VIA_UNKNOWN, KM_DENIED_SOURCE},
	};

	(void)state;
	CHECK(&(struct km_rules){}, cases);
}

static void test_failsafe_is_not_refused(void **state)
{
	static const struct expectation cases[] = {
		{"192.0.2.8", OTHER_V4, KM_VIA_WIRE, KM_ALLOWED_FAILSAFE},
		{"192.0.2.9", OTHER_V4, KM_VIA_WIRE, KM_ALLOWED}, /* the list does not need it */
		{"192.0.2.7", OTHER_V4, KM_VIA_WIRE, KM_DENIED_SOURCE},
	};
	struct km_rules rules = {};

	(void)state;
	rule_text(&rules, "!192.0.2.0/24", 1, KM_FOREVER);
	rule_text(&rules, "192.0.2.9", 2, KM_FOREVER);
	CHECK(&rules, cases);
	km_rules_free(&rules);
}

static void test_self(void **state)
{
	static const struct expectation cases[] = {
		{"127.0.0.1", "127.0.0.1", KM_VIA_LO, KM_ALLOWED},
		{"127.0.0.1", "127.0.0.1", KM_VIA_UNKNOWN, KM_ALLOWED},
		{"::1", "::1", KM_VIA_UNKNOWN, KM_ALLOWED},
		{"10.0.0.9", "127.0.0.2", KM_VIA_UNKNOWN, KM_ALLOWED},
		{"10.0.0.9", "10.0.0.9", KM_VIA_UNKNOWN, KM_ALLOWED}, /* an address not known yet */
		{"10.0.0.5", OTHER_V4, KM_VIA_UNKNOWN, KM_ALLOWED},
		{"2001:db8::5", OTHER_V6, KM_VIA_UNKNOWN, KM_ALLOWED},
		{"2001:db8::6", OTHER_V6, KM_VIA_UNKNOWN, KM_DENIED_SOURCE},
		{"203.0.113.7", OTHER_V4, KM_VIA_LO, KM_ALLOWED},
	};
	struct km_rules rules = {};

	(void)state;
	/* No other ! rule takes the host away. */
	rule_text(&rules, "!0.0.0.0/0", 1, KM_FOREVER);
	rule_text(&rules, "!::/0", 2, KM_FOREVER);
	rule_text(&rules, "!@self", 3, NOW);
	CHECK(&rules, cases);
	km_rules_free(&rules);
}

static void test_deny_self(void **state)
{
	static const struct expectation cases[] = {
		{"127.0.0.1", "127.0.0.1", KM_VIA_LO, KM_DENIED_SOURCE},
		{"127.0.0.1", "127.0.0.1", KM_VIA_UNKNOWN, KM_DENIED_SOURCE},
		{"10.0.0.5", OTHER_V4, KM_VIA_UNKNOWN, KM_DENIED_SOURCE}, /* listed, but the host itself */
		{"198.51.100.7", OTHER_V4, KM_VIA_LO, KM_DENIED_SOURCE},
		{"198.51.100.7", "198.51.100.7", KM_VIA_UNKNOWN, KM_DENIED_SOURCE},
		{"192.0.2.8", "192.0.2.8", KM_VIA_UNKNOWN, KM_ALLOWED_FAILSAFE},
		{"198.51.100.7", OTHER_V4, KM_VIA_WIRE, KM_ALLOWED},
	};
	struct km_rules rules = {};

	(void)state;
	rule_text(&rules, "@self", 1, KM_FOREVER);
	rule_text(&rules, "!@self", 2, KM_FOREVER);
	rule_text(&rules, "0.0.0.0/0", 3, KM_FOREVER);
	CHECK(&rules, cases);
	km_rules_free(&rules);
}

/* From the wire, whatever the list says. */
static void test_martians(void **state)
{
	static const struct expectation cases[] = {
		{"127.0.0.1", OTHER_V4, KM_VIA_WIRE, KM_DENIED_MARTIAN},
		{"::1", OTHER_V6, KM_VIA_WIRE, KM_DENIED_MARTIAN},
		{"198.51.100.7", "127.0.0.1", KM_VIA_WIRE, KM_DENIED_MARTIAN},
		{"2001:db8:1::7", "::1", KM_VIA_WIRE, KM_DENIED_MARTIAN},
		{"198.51.100.7", "198.51.100.7", KM_VIA_WIRE, KM_DENIED_MARTIAN},
		{"192.0.2.8", "127.0.0.1", KM_VIA_WIRE, KM_DENIED_MARTIAN}, /* no failsafe for that */
		{"10.0.0.5", OTHER_V4, KM_VIA_WIRE, KM_DENIED_MARTIAN},	    /* an own address, listed */
		{"2001:db8::5", OTHER_V6, KM_VIA_WIRE, KM_DENIED_MARTIAN},
	};
	struct km_rules rules = {};

	(void)state;
	rule_text(&rules, "0.0.0.0/0", 1, KM_FOREVER);
	rule_text(&rules, "2001:db8:1::/48", 2, KM_FOREVER);
	CHECK(&rules, cases);
	km_rules_free(&rules);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_nothing_listed),
		cmocka_unit_test(test_failsafe_is_not_refused),
		cmocka_unit_test(test_self),
		cmocka_unit_test(test_deny_self),
		cmocka_unit_test(test_martians),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
