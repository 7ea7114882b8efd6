/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/addr.h"
#include "policy/diff.h"
#include "rule_text.h"

#define NOW 1000

/* What each side lists for its one service, and what becomes of it: "+" added, "-" removed, "@N" ends at N. */
struct one {
	const char *before[6], *after[6];
	const char *expected;
};

static void fill(struct km_policy *policy, const char *name, const char *const *rules)
{
	unsigned service = policy->config.service_count++;

	strcpy(policy->config.services[service].name, name);
	for (uint32_t line = 1; rules && *rules; rules++, line++) {
		const char *until = strchr(*rules, ' ');
		char text[KM_ADDR_TEXT];

		snprintf(text, sizeof(text), "%.*s", (int)strcspn(*rules, " "), *rules);
		rule_text(&policy->rules[service], text, line, until ? atoi(until) : KM_FOREVER);
	}
	km_rules_sort(&policy->rules[service]);
}

static void print(FILE *out, const char *sign, const struct km_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct km_change *change = &changes->list[i];
		char first[KM_ADDR_TEXT], last[KM_ADDR_TEXT];

		fprintf(out, " %s%s", sign, change->deny ? "!" : "");
		if (change->self)
			fputs("@self", out);
		else if (change->range)
			fprintf(out, "%s-%s", km_ip_format(change->family, change->ip, first),
				km_ip_format(change->family, change->last, last));
		else
			fputs(km_prefix_format(change->family, change->ip, change->len, first), out);
		if (change->until != KM_FOREVER)
			fprintf(out, "@%d", (int)change->until);
	}
}

static void check(const struct km_policy *before, const struct km_policy *after, const char *expected)
{
	static struct km_diff diff;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(km_diff(before, after, NOW, &diff), 0);
	for (unsigned i = 0; i < diff.count; i++) {
		fprintf(out, "%s%s", i ? "; " : "", diff.services[i].name);
		print(out, "-", &diff.services[i].removed);
		print(out, "+", &diff.services[i].added);
	}
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	km_diff_free(&diff);
}

static void test_rules(void **state)
{
	static const struct one cases[] = {
		{{"10.0.0.0/8"}, {"10.0.0.0/8"}, "etcd"},
		{{"10.0.0.0/8", "192.0.2.1"}, {"192.0.2.1", "10.0.0.0/8"}, "etcd"},
		{{NULL}, {"10.0.0.0/8", "::1"}, "etcd +10.0.0.0/8 +::1"},
		{{"10.0.0.0/8", "::1"}, {NULL}, "etcd -10.0.0.0/8 -::1"},
		{{"10.0.0.0/8"}, {"10.0.0.0/9"}, "etcd -10.0.0.0/8 +10.0.0.0/9"},
		{{"10.0.0.0/8"}, {"!10.0.0.0/8"}, "etcd -10.0.0.0/8 +!10.0.0.0/8"},
		{{"10.0.0.0/8"}, {"10.0.0.0/8", "!10.0.0.0/8"}, "etcd +!10.0.0.0/8"},
		/* Neighbours on two lines are two rules. */
		{{NULL}, {"10.0.0.0/9", "10.128.0.0/9"}, "etcd +10.0.0.0/9 +10.128.0.0/9"},
		/* Written twice is written once. */
		{{"10.0.0.1"}, {"10.0.0.1", "10.0.0.1"}, "etcd"},
		{{NULL}, {"10.0.0.1", "10.0.0.1"}, "etcd +10.0.0.1"},
		/* Time: expired is not there, another end is another rule, of two the later counts. */
		{{"10.0.0.1 1000"}, {NULL}, "etcd"},
		{{NULL}, {"10.0.0.1 1000"}, "etcd"},
		{{"10.0.0.1 1000"}, {"10.0.0.1"}, "etcd +10.0.0.1"},
		{{"10.0.0.1 2000"}, {"10.0.0.1 3000"}, "etcd -10.0.0.1@2000 +10.0.0.1@3000"},
		{{"10.0.0.1 2000"}, {"10.0.0.1 1500", "10.0.0.1 2000"}, "etcd"},
		{{"10.0.0.1"}, {"10.0.0.1 2000"}, "etcd -10.0.0.1 +10.0.0.1@2000"},
		/* The host itself. */
		{{"@self"}, {"@self"}, "etcd"},
		{{"@self"}, {"!@self"}, "etcd -@self +!@self"},
		{{NULL}, {"10.0.0.1", "!@self 2000", "!@self 1500"}, "etcd +!@self@2000 +10.0.0.1"},
		{{"!@self 1000"}, {NULL}, "etcd"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct km_policy before, after;

		memset(&before, 0, sizeof(before));
		memset(&after, 0, sizeof(after));
		fill(&before, "etcd", cases[i].before);
		fill(&after, "etcd", cases[i].after);
		check(&before, &after, cases[i].expected);
		km_policy_free(&before);
		km_policy_free(&after);
	}
}

static void test_ranges_are_shown_as_ranges(void **state)
{
	static struct km_policy before, after;
	struct km_rule like = {.file = 1, .line = 1, .until = KM_FOREVER};

	(void)state;
	memset(&after, 0, sizeof(after));
	fill(&after, "etcd", NULL);
	like.ip = ip_text("198.51.100.10");
	assert_int_equal(km_rules_add_range(&after.rules[0], &like, ip_text("198.51.100.20")), 0);
	like.line = 2;
	like.ip = ip_text("198.51.100.21");
	assert_int_equal(km_rules_add_range(&after.rules[0], &like, ip_text("198.51.100.22")), 0);
	km_rules_sort(&after.rules[0]);
	memset(&before, 0, sizeof(before));
	fill(&before, "etcd", NULL);
	check(&before, &after, "etcd +198.51.100.10-198.51.100.20 +198.51.100.21-198.51.100.22");
	km_policy_free(&before);
	km_policy_free(&after);
}

static void test_services_that_come_and_go(void **state)
{
	static const char *const list[] = {"10.0.0.0/8", NULL}, *const other[] = {"::1", NULL};
	static struct km_policy before, after;
	static struct km_diff diff;

	(void)state;
	fill(&before, "old", list);
	fill(&before, "etcd", list);
	before.config.services[1].enforce = true;
	fill(&after, "etcd", list);
	fill(&after, "new", other);
	after.config.services[1].enforce = true;
	check(&before, &after, "etcd; new +::1; old -10.0.0.0/8");
	check(NULL, &after, "etcd +10.0.0.0/8; new +::1");
	assert_int_equal(km_diff(&before, &after, NOW, &diff), 0);
	assert_int_equal(diff.count, 3);
	assert_true(diff.services[0].guarded[0] && diff.services[0].guarded[1]);
	assert_true(diff.services[0].enforce[0] && !diff.services[0].enforce[1]);
	assert_true(!diff.services[1].guarded[0] && diff.services[1].guarded[1]);
	assert_true(!diff.services[1].enforce[0] && diff.services[1].enforce[1]);
	assert_true(diff.services[2].guarded[0] && !diff.services[2].guarded[1]);
	km_diff_free(&diff);
	km_policy_free(&before);
	km_policy_free(&after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_ranges_are_shown_as_ranges),
		cmocka_unit_test(test_services_that_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
