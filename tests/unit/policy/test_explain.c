/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/explain.h"
#include "rule_text.h"

#define NOW 1000

/* One enforcing service, etcd, whose list is etcd.allow; host 10.0.0.5 and 2001:db8::5; failsafe 192.0.2.8/29. */
struct fixture {
	struct km_file files[2];
	struct km_bundle bundle;
	struct km_own_address own[2];
	struct km_facts facts;
	struct km_policy policy;
	struct km_explanation out;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->files[0].name = "kubemoat.yaml";
	f->files[1].name = "etcd.allow";
	f->bundle.files = f->files;
	f->bundle.count = 2;
	f->own[0] = (struct km_own_address){.family = KM_V4, .ip = ip_text("10.0.0.5")};
	f->own[1] = (struct km_own_address){.family = KM_V6, .ip = ip_text("2001:db8::5")};
	f->facts = (struct km_facts){.now = NOW, .own = f->own, .own_count = 2};
	f->policy.config.service_count = 1;
	f->policy.config.services[0] = (struct km_config_service){
		.name = "etcd",
		.enforce = true,
		.lists = {{.name = "etcd.allow"}},
		.list_count = 1,
	};
	f->policy.config.failsafe[0] = (struct km_config_failsafe){
		.family = KM_V4,
		.ip = ip_text("192.0.2.8"),
		.len = 29,
		.place.line = 12,
	};
	f->policy.config.failsafe_count = 1;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	km_rules_free(&f->policy.rules[0]);
	free(f);
	return 0;
}

static void rule(struct fixture *f, const char *text, uint32_t line)
{
	rule_text(&f->policy.rules[0], text, line, KM_FOREVER);
}

/* Line 0: no rule. */
static void check(struct fixture *f, const char *address, enum km_reason reason, unsigned line, const char *near,
		  const char *overrides)
{
	bool allowed = reason == KM_ALLOWED || reason == KM_ALLOWED_FAILSAFE;

	km_rules_sort(&f->policy.rules[0]);
	km_explain(&f->policy, &f->bundle, &f->facts, 0, family_text(address), ip_text(address), &f->out);
	assert_int_equal(f->out.reason, reason);
	assert_int_equal(f->out.verdict, allowed ? KM_ALLOW : KM_DENY);
	assert_int_equal(f->out.has_rule, line != 0);
	assert_int_equal(f->out.line, line);
	assert_int_equal(f->out.file, line && reason != KM_ALLOWED_FAILSAFE ? 1 : 0);
	assert_string_equal(f->out.near, near);
	assert_string_equal(f->out.overrides, overrides);
}

static void test_longest_prefix(void **state)
{
	struct fixture *f = *state;

	rule(f, "198.51.100.0/24", 1);
	rule(f, "198.51.100.9", 2);
	rule(f, "198.51.100.0/25", 3);
	check(f, "198.51.100.9", KM_ALLOWED, 2, "", "");
	check(f, "198.51.100.77", KM_ALLOWED, 3, "", "");
	check(f, "198.51.100.200", KM_ALLOWED, 1, "", "");
	assert_false(f->out.self);
}

static void test_overridden_rule(void **state)
{
	struct fixture *f = *state;

	rule(f, "198.51.100.0/24", 1);
	rule(f, "!198.51.100.66", 2);
	rule(f, "2001:db8:1::/48", 3);
	rule(f, "!2001:db8::/32", 4);
	rule(f, "203.0.113.0/24", 5);
	rule(f, "!203.0.113.0/24", 6);
	check(f, "198.51.100.66", KM_DENIED_SOURCE, 2, "", "198.51.100.0/24, etcd.allow:1");
	check(f, "198.51.100.67", KM_ALLOWED, 1, "", "");
	check(f, "2001:db8:1::7", KM_ALLOWED, 3, "", "!2001:db8::/32, etcd.allow:4");
	check(f, "2001:db8:2::7", KM_DENIED_SOURCE, 4, "", "");
	check(f, "203.0.113.7", KM_DENIED_SOURCE, 6, "", "203.0.113.0/24, etcd.allow:5");
}

static void test_nearest_miss(void **state)
{
	struct fixture *f = *state;

	rule(f, "10.0.4.0/23", 3);
	rule(f, "10.0.9.0/24", 4);
	rule(f, "!10.0.6.0/24", 5); /* denies: no near miss */
	rule(f, "2001:db8:1::/48", 6);
	rule(f, "2001:db8:3::/48", 7);
	check(f, "10.0.8.9", KM_DENIED_SOURCE, 0, "10.0.8.9 is outside 10.0.9.0/24, etcd.allow:4", "");
	check(f, "10.0.7.1", KM_DENIED_SOURCE, 0, "10.0.7.1 is outside 10.0.4.0/23, etcd.allow:3", "");
	check(f, "0.0.0.0", KM_DENIED_SOURCE, 0, "0.0.0.0 is outside 10.0.4.0/23, etcd.allow:3", "");
	check(f, "255.255.255.255", KM_DENIED_SOURCE, 0, "255.255.255.255 is outside 10.0.9.0/24, etcd.allow:4", "");
	check(f, "2001:db8:2::", KM_DENIED_SOURCE, 0, "2001:db8:2:: is outside 2001:db8:1::/48, etcd.allow:6", "");
	check(f, "2001:db8:2:ffff::", KM_DENIED_SOURCE, 0, "2001:db8:2:ffff:: is outside 2001:db8:3::/48, etcd.allow:7",
	      "");
}

/* The next address after a prefix is nearer than one 5 further on, though three words differ. */
static void test_nearest_across_words(void **state)
{
	struct fixture *f = *state;

	rule(f, "2001:db8:0:1::/64", 1);
	rule(f, "2001:db8:0:2::5", 2);
	check(f, "2001:db8:0:2::", KM_DENIED_SOURCE, 0, "2001:db8:0:2:: is outside 2001:db8:0:1::/64, etcd.allow:1",
	      "");
	check(f, "2001:db8:0:2::4", KM_DENIED_SOURCE, 0, "2001:db8:0:2::4 is outside 2001:db8:0:2::5, etcd.allow:2",
	      "");
}

static void test_no_rule_of_the_family(void **state)
{
	struct fixture *f = *state;

	rule(f, "10.0.4.0/23", 3);
	check(f, "2001:db8::7", KM_DENIED_SOURCE, 0, "etcd.allow has no IPv6 rule", "");
	rule(f, "!2001:db8:1::/48", 4);
	check(f, "2001:db8::7", KM_DENIED_SOURCE, 0, "etcd.allow allows no IPv6 address", "");
	km_rules_free(&f->policy.rules[0]);
	f->policy.config.services[0].list_count = 2;
	check(f, "203.0.113.7", KM_DENIED_SOURCE, 0, "etcd has no IPv4 rule", "");
}

static void test_expired(void **state)
{
	struct fixture *f = *state;

	rule_text(&f->policy.rules[0], "203.0.113.0/24", 1, NOW);
	rule_text(&f->policy.rules[0], "203.0.113.0/25", 2, NOW + 1);
	rule_text(&f->policy.rules[0], "!203.0.113.7", 3, NOW);
	check(f, "203.0.113.7", KM_ALLOWED, 2, "", "");
	check(f, "203.0.113.200", KM_DENIED_SOURCE, 0, "203.0.113.0/24, etcd.allow:1 has expired", "");
	check(f, "203.0.112.7", KM_DENIED_SOURCE, 0, "203.0.112.7 is outside 203.0.113.0/25, etcd.allow:2", "");
}

static void test_failsafe(void **state)
{
	struct fixture *f = *state;

	check(f, "192.0.2.8", KM_ALLOWED_FAILSAFE, 12, "", "");
	check(f, "192.0.2.16", KM_DENIED_SOURCE, 0, "etcd.allow has no IPv4 rule", "");
	rule(f, "!192.0.2.0/24", 1);
	check(f, "192.0.2.15", KM_ALLOWED_FAILSAFE, 12, "", "!192.0.2.0/24, etcd.allow:1");
	rule(f, "192.0.2.9", 2);
	check(f, "192.0.2.9", KM_ALLOWED, 2, "", "!192.0.2.0/24, etcd.allow:1");
	f->policy.config.failsafe[1] = f->policy.config.failsafe[0];
	f->policy.config.failsafe[1].len = 32;
	f->policy.config.failsafe[1].place.line = 13;
	f->policy.config.failsafe_count = 2;
	check(f, "192.0.2.8", KM_ALLOWED_FAILSAFE, 13, "", "!192.0.2.0/24, etcd.allow:1");
}

static void test_self(void **state)
{
	struct fixture *f = *state;

	/* No other ! rule takes the host away. */
	rule(f, "!0.0.0.0/0", 1);
	rule(f, "!::/0", 2);
	check(f, "127.0.0.1", KM_ALLOWED, 0, "", "");
	assert_true(f->out.self);
	check(f, "::1", KM_ALLOWED, 0, "", "");
	check(f, "10.0.0.5", KM_ALLOWED, 0, "", "");
	check(f, "2001:db8::5", KM_ALLOWED, 0, "", "");
	assert_true(f->out.self);
	check(f, "10.0.0.6", KM_DENIED_SOURCE, 1, "", "");
	assert_false(f->out.self);
	rule(f, "@self", 3);
	check(f, "10.0.0.5", KM_ALLOWED, 3, "", "");
}

static void test_deny_self(void **state)
{
	struct fixture *f = *state;

	/* Nor does a rule that lists it bring the host back. */
	rule(f, "10.0.0.5", 1);
	rule_text(&f->policy.rules[0], "!@self", 2, NOW);
	check(f, "10.0.0.5", KM_ALLOWED, 0, "", "");
	rule(f, "!@self", 3);
	check(f, "10.0.0.5", KM_DENIED_SOURCE, 3, "", "");
	check(f, "127.0.0.1", KM_DENIED_SOURCE, 3, "", "");
	rule(f, "@self", 4);
	check(f, "10.0.0.5", KM_DENIED_SOURCE, 3, "", "@self, etcd.allow:4");
	f->policy.config.failsafe[0].ip = ip_text("10.0.0.0");
	check(f, "10.0.0.5", KM_ALLOWED_FAILSAFE, 12, "", "!@self, etcd.allow:3");
}

static void test_audit(void **state)
{
	struct fixture *f = *state;

	f->policy.config.services[0].enforce = false;
	km_explain(&f->policy, &f->bundle, &f->facts, 0, KM_V4, ip_text("203.0.113.7"), &f->out);
	assert_int_equal(f->out.verdict, KM_AUDIT);
	assert_int_equal(f->out.reason, KM_DENIED_SOURCE);
	km_explain(&f->policy, &f->bundle, &f->facts, 0, KM_V4, ip_text("127.0.0.1"), &f->out);
	assert_int_equal(f->out.verdict, KM_ALLOW);
}

static void test_rule_of_an_event(void **state)
{
	struct fixture *f = *state;
	unsigned file = 7, line = 7;

	rule(f, "!198.51.100.0/24", 1);
	rule(f, "!0.0.0.0/0", 2);
	rule(f, "!@self", 3);
	rule_text(&f->policy.rules[0], "!198.51.100.66", 4, NOW);
	km_rules_sort(&f->policy.rules[0]);
	assert_false(km_explain_rule(&f->policy, &f->facts, 0, KM_V6, ip_text("::1"), &file, &line));
	assert_int_equal(file, 7);
	assert_true(km_explain_rule(&f->policy, &f->facts, 0, KM_V4, ip_text("198.51.100.66"), &file, &line));
	assert_int_equal(file, 1);
	assert_int_equal(line, 1);
	assert_true(km_explain_rule(&f->policy, &f->facts, 0, KM_V4, ip_text("255.255.255.255"), &file, &line));
	assert_int_equal(line, 2);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_longest_prefix),   TEST(test_overridden_rule),
		TEST(test_nearest_miss),     TEST(test_nearest_across_words),
		TEST(test_expired),	     TEST(test_no_rule_of_the_family),
		TEST(test_failsafe),	     TEST(test_self),
		TEST(test_deny_self),	     TEST(test_audit),
		TEST(test_rule_of_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
