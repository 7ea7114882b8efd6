/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "inforce.h"

static const char yaml[] = "version: 1\nmode: enforce\nservices: {etcd: {}}\n";

static struct km_file file(const char *name, const char *bytes)
{
	return (struct km_file){.name = strdup(name), .bytes = strdup(bytes), .size = strlen(bytes)};
}

/* A policy of that generation whose etcd.allow is `list`. */
static void rule_by(struct km_ruling *ruling, uint64_t generation, const char *list)
{
	struct km_file config = file("kubemoat.yaml", yaml), allow = file("etcd.allow", list);
	struct km_facts facts = {.now = 1};
	struct km_diags diags = {};

	assert_int_equal(km_bundle_add(&ruling->bundle, &config), 0);
	assert_int_equal(km_bundle_add(&ruling->bundle, &allow), 1);
	assert_int_equal(km_policy_build(&ruling->bundle, &facts, &ruling->policy, &diags), 0);
	assert_int_equal(diags.errors, 0);
	km_diags_free(&diags);
	ruling->built = true;
	ruling->generation = generation;
}

static struct km_own_address own = {{{0x0a000001}}, KM_V4};

static void open_both(struct km_inforce *inforce)
{
	memset(inforce, 0, sizeof(*inforce));
	rule_by(&inforce->previous, 3, "# old\n!10.9.0.7\n");
	rule_by(&inforce->current, 5, "10.0.0.0/8\n\n!10.9.0.0/24\n!@self\n");
	inforce->host.facts = (struct km_facts){.own = &own, .own_count = 1};
	strcpy(inforce->rows[2].name, "etcd");
}

static void close_both(struct km_inforce *inforce)
{
	km_ruling_free(&inforce->current);
	km_ruling_free(&inforce->previous);
}

static void test_rules_are_named_by_the_policy_that_decided(void **state)
{
	static const struct {
		uint64_t generation;
		uint32_t source;
		enum km_reason reason;
		const char *rule;
	} cases[] = {
		{5, 0x0a090007, KM_DENIED_SOURCE, "etcd.allow:3"},
		{5, 0x0a090007, KM_REVOKED, "etcd.allow:3"},
		{4, 0x0a090007, KM_DENIED_SOURCE, "etcd.allow:3"}, /* the same files, an earlier generation */
		{3, 0x0a090007, KM_DENIED_SOURCE, "etcd.allow:2"},
		{2, 0x0a090007, KM_DENIED_SOURCE, "etcd.allow:2"},
		{5, 0xc0000201, KM_DENIED_SOURCE, ""},		   /* not listed */
		{5, 0x0a090007, KM_DENIED_MARTIAN, ""},		   /* no rule of a list decides that */
		{5, 0x0a000001, KM_DENIED_SOURCE, "etcd.allow:4"}, /* this host itself */
	};
	static struct km_inforce inforce;

	(void)state;
	open_both(&inforce);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_event event = {
			.generation = cases[i].generation,
			.source = {{cases[i].source}},
			.source_port = 40000,
			.port = 2379,
			.slot = 2,
			.verdict = KM_DENY,
			.reason = cases[i].reason,
		};
		struct km_denial denial;

		km_inforce_denial(&inforce, &event, &denial);
		assert_string_equal(denial.service, "etcd");
		assert_string_equal(denial.rule, cases[i].rule);
		assert_int_equal(denial.port, 2379);
	}
	close_both(&inforce);
}

/* After a boot the pins are new and count from 1; the kept files are older and may have a larger number. */
static void test_generations_start_afresh_with_the_pins(void **state)
{
	struct km_event event = {.generation = 5, .source = {{0x0a090007}}, .slot = 2, .reason = KM_DENIED_SOURCE};
	static struct km_inforce inforce;
	struct km_denial denial;

	(void)state;
	open_both(&inforce);
	inforce.previous.generation = 9;
	km_inforce_denial(&inforce, &event, &denial);
	assert_string_equal(denial.rule, "etcd.allow:3");
	close_both(&inforce);
}

static void test_a_service_that_the_policy_does_not_know_has_no_rule(void **state)
{
	struct km_event event = {.generation = 5, .source = {{0x0a090007}}, .slot = 3, .reason = KM_DENIED_SOURCE};
	static struct km_inforce inforce;
	struct km_denial denial;

	(void)state;
	open_both(&inforce);
	strcpy(inforce.rows[3].name, "gone");
	km_inforce_denial(&inforce, &event, &denial);
	assert_string_equal(denial.service, "gone");
	assert_string_equal(denial.rule, "");
	close_both(&inforce);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_are_named_by_the_policy_that_decided),
		cmocka_unit_test(test_generations_start_afresh_with_the_pins),
		cmocka_unit_test(test_a_service_that_the_policy_does_not_know_has_no_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
