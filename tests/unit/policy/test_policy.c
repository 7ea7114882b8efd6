/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/policy.h"

#define SECOND 1000000000LL
#define NOW (1795536000 * SECOND) /* 2026-11-24T16:00:00Z */
#define HOUR (3600 * SECOND)

struct list {
	const char *name, *bytes, *trouble;
};

struct expected {
	enum km_severity severity;
	unsigned file, line, column;
	const char *part;
};

static char *copy(const char *text)
{
	char *s = text ? strdup(text) : NULL;

	assert_true(s || !text);
	return s;
}

static void add(struct km_bundle *bundle, const struct list *list)
{
	assert_true(km_bundle_add(bundle, &(struct km_file){
						  .name = copy(list->name),
						  .path = copy(list->name),
						  .bytes = copy(list->bytes),
						  .size = list->bytes ? strlen(list->bytes) : 0,
						  .trouble = copy(list->trouble),
					  }) >= 0);
}

static void make_bundle(struct km_bundle *bundle, const char *yaml, const struct list *lists, size_t count)
{
	*bundle = (struct km_bundle){0};
	add(bundle, &(struct list){"kubemoat.yaml", yaml, NULL});
	for (size_t i = 0; i < count && lists[i].name; i++)
		add(bundle, &lists[i]);
	km_bundle_hash(bundle);
}

static const struct km_own_address own[] = {
	{.family = KM_V6, .ip = {{0xfd000010, 0, 0, 5}}},
	{.family = KM_V4, .ip = {{0xc0000201}}}, /* 192.0.2.1 */
	{.family = KM_V4, .ip = {{0x0a000005}}}, /* 10.0.0.5 */
	{.family = KM_V4, .ip = {{0x7f000001}}},
};

static const struct km_facts facts = {
	.now = NOW,
	.own = own,
	.own_count = sizeof(own) / sizeof(own[0]),
	.port_range = {32768, 60999},
};

/* Every error and warning of a bundle, sorted. */
static const struct {
	const char *yaml;
	struct list lists[4];
	struct expected expected[6];
} cases[] = {
	{"version: 1\nservices: {etcd: {}}\n", {{"etcd.allow", "10.0.0.0/16\n"}}, {{0}}},

	/* Lists with trouble: at the name that is written, else at the list itself; both name the list and the trouble.
	 */
	{"version: 1\nservices:\n  etcd: {allow: [a, b]}\n",
	 {{"a", "", NULL}, {"b", NULL, "is a directory"}},
	 {{KM_ERROR_DIAG, 0, 3, 21, "allowlist \"b\" of service \"etcd\": is a directory"}}},
	{"version: 1\nservices:\n  etcd:\n",
	 {{"etcd.allow", NULL, "No such file or directory"}},
	 {{KM_ERROR_DIAG, 1, 1, 1, "allowlist \"etcd.allow\" of service \"etcd\": No such file or directory"}}},
	/* The built-in services' lists must exist. */
	{"version: 1\n",
	 {{"apiserver.allow", "", NULL},
	  {"etcd.allow", NULL, "No such file or directory"},
	  {"kubelet.allow", "", NULL},
	  {"controllers.allow", NULL, "is a FIFO"}},
	 {{KM_ERROR_DIAG, 2, 1, 1, "\"etcd.allow\""}, {KM_ERROR_DIAG, 4, 1, 1, "is a FIFO"}}},
	/* Trouble of a list that two services name is told once, where it is named first. */
	{"version: 1\nservices:\n  etcd: {allow: [a]}\n  kubelet: {allow: [a]}\n",
	 {{"a", NULL, "Permission denied"}},
	 {{KM_ERROR_DIAG, 0, 3, 18, "Permission denied"}}},
	/* A bundle without the list, such as a damaged kept one. */
	{"version: 1\nservices: {etcd: {allow: [a]}}\n", {{NULL}}, {{KM_ERROR_DIAG, 0, 2, 27, "not among the files"}}},

	/* Errors of all files in one go, errors first; what the configuration has wrong does not hide the lists. */
	{"version: 1\nmode: on\nservices: {etcd: {allow: [a, b]}}\n",
	 {{"a", "10.0.0.0/16\n10.0.0.300\n", NULL}, {"b", "nonsense\n!127.0.0.0/8\n", NULL}},
	 {{KM_ERROR_DIAG, 0, 2, 7, "audit or enforce"},
	  {KM_ERROR_DIAG, 1, 2, 0, ""},
	  {KM_ERROR_DIAG, 2, 1, 1, ""},
	  {KM_WARNING_DIAG, 2, 2, 1, "127.0.0.0"}}},
	/* A list of two services is parsed for each and speaks once. */
	{"version: 1\nservices: {etcd: {allow: [a]}, kubelet: {allow: [a]}}\n",
	 {{"a", "10.0.0.0/16\n10.0.0.0/16\nnonsense\n", NULL}},
	 {{KM_ERROR_DIAG, 1, 3, 1, ""}, {KM_WARNING_DIAG, 1, 2, 1, "duplicate"}}},

	/* A `!` rule over an own address: v4, v6, loopback, whole; not over others, not expired, not beside !@self. */
	{"version: 1\nservices: {etcd: {allow: [a]}}\n",
	 {{"a", "192.0.2.0/24\n!192.0.2.0/28\n!192.0.2.1\n!10.0.0.6\n!fd00:10::/64\n!fd00:11::/64\n!127.0.0.53\n",
	   NULL}},
	 {{KM_WARNING_DIAG, 1, 2, 1, "covers 192.0.2.1, an address of this host"},
	  {KM_WARNING_DIAG, 1, 3, 1, "covers 192.0.2.1, an address of this host"},
	  {KM_WARNING_DIAG, 1, 5, 1, "covers fd00:10::5, an address of this host"},
	  {KM_WARNING_DIAG, 1, 7, 1, "covers 127.0.0.53, an address of this host"}}},
	{"version: 1\nservices: {etcd: {allow: [a]}}\n", {{"a", "10.0.0.0/16\n!10.0.0.5\n!@self\n", NULL}}, {{0}}},

	{"version: 1\nservices: {etcd: {allow: [a]}}\n",
	 {{"a", "!10.0.0.5 until 2026-11-24T15:00:00Z\n", NULL}},
	 {{KM_WARNING_DIAG, 1, 1, 0, "expired"}}},
	{"version: 1\nservices: {etcd: {allow: [a]}}\n",
	 {{"a", "!@self until 2026-11-24T15:00:00Z\n!10.0.0.5\n", NULL}},
	 {{KM_WARNING_DIAG, 1, 1, 0, "expired"}, {KM_WARNING_DIAG, 1, 2, 1, "covers 10.0.0.5"}}},

	/* Guarded ports that outgoing connections may take: where the port stands, or the service. */
	{"version: 1\nservices:\n  web: {ports: [32767, 32768, 60999, 61000], allow: []}\n",
	 {{NULL}},
	 {{KM_WARNING_DIAG, 0, 3, 24, "port 32768"}, {KM_WARNING_DIAG, 0, 3, 31, "port 60999"}}},
};

static void assert_diags(const struct km_diags *diags, const struct expected *expected, const char *what)
{
	size_t errors = 0;

	for (size_t i = 0; i < diags->count || expected[i].part; i++) {
		const struct km_diag *got = &diags->list[i];

		if (i >= diags->count)
			fail_msg("%s\nmissing: %u:%u:%u %s", what, expected[i].file, expected[i].line,
				 expected[i].column, expected[i].part);
		/* Column 0: whichever the allowlist's parser says. */
		if (!expected[i].part || got->severity != expected[i].severity || got->file != expected[i].file ||
		    got->line != expected[i].line || (expected[i].column && got->column != expected[i].column) ||
		    !strstr(got->message, expected[i].part))
			fail_msg("%s\nunexpected: %u:%u:%u %s", what, got->file, got->line, got->column, got->message);
		errors += got->severity == KM_ERROR_DIAG;
	}
	assert_int_equal(diags->errors, errors);
	assert_int_equal(diags->warnings, diags->count - errors);
}

static void test_diags(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_bundle bundle;
		struct km_policy policy;
		struct km_diags diags = {0};

		make_bundle(&bundle, cases[i].yaml, cases[i].lists, 4);
		assert_int_equal(km_policy_build(&bundle, &facts, &policy, &diags), 0);
		assert_diags(&diags, cases[i].expected, cases[i].yaml);
		assert_memory_equal(policy.hash, bundle.hash, sizeof(policy.hash));
		km_diags_free(&diags);
		km_policy_free(&policy);
		km_bundle_free(&bundle);
	}
}

/* A service's rules as one line, "file:line prefix length" in their order. */
static const char *rules_of(const struct km_policy *policy, unsigned service)
{
	static char text[1024];
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; i < policy->rules[service].count; i++) {
		const struct km_rule *rule = &policy->rules[service].list[i];

		n += snprintf(text + n, sizeof(text) - n, "%s%u:%u %s/%u", i ? ", " : "", rule->file, rule->line,
			      rule->deny ? "!" : "", rule->len);
	}
	assert_true(n < sizeof(text));
	return text;
}

static void test_rules(void **state)
{
	static const struct list lists[] = {
		{"a", "10.0.0.0/16\n!10.0.1.0/24\n", NULL},
		{"b", "fd00::/64\n10.0.0.0/8\n", NULL},
		{"unused", "nonsense\n", NULL},
	};
	struct km_bundle bundle;
	struct km_policy policy;
	struct km_diags diags = {0};

	(void)state;
	make_bundle(&bundle,
		    "version: 1\nservices: {etcd: {allow: [b, a]}, kubelet: {allow: [a]}, insecure: {allow: []}}\n",
		    lists, 3);
	assert_int_equal(km_policy_build(&bundle, NULL, &policy, &diags), 0);
	assert_int_equal(diags.count, 0);
	/* The files of a service are one sorted list; each service has its own copy; nothing else is read. */
	assert_string_equal(rules_of(&policy, 0), "2:2 /8, 1:1 /16, 1:2 !/24, 2:1 /64");
	assert_string_equal(rules_of(&policy, 1), "1:1 /16, 1:2 !/24");
	assert_string_equal(rules_of(&policy, 2), "");

	assert_true(km_policy_family_ruled(&policy, 0, KM_V4, NOW));
	assert_true(km_policy_family_ruled(&policy, 0, KM_V6, NOW));
	assert_false(km_policy_family_ruled(&policy, 1, KM_V6, NOW));
	assert_false(km_policy_family_ruled(&policy, 2, KM_V4, NOW));

	assert_int_equal(km_policy_service(&policy, "kubelet"), 1);
	assert_int_equal(km_policy_service(&policy, "10250"), 1);
	assert_int_equal(km_policy_service(&policy, "2380"), 0);
	assert_int_equal(km_policy_service(&policy, "apiserver"), -1);
	assert_int_equal(km_policy_service(&policy, "6443"), -1);
	assert_int_equal(km_policy_service(&policy, "02380"), -1);
	assert_int_equal(km_policy_service(&policy, "4294969676"), -1); /* 2380 beyond 32 bits */
	assert_int_equal(km_policy_service(&policy, "2380x"), -1);
	assert_int_equal(km_policy_service(&policy, ""), -1);
	km_policy_free(&policy);
	km_bundle_free(&bundle);
}

static int64_t next_of(const char *list, const struct km_facts *at)
{
	struct km_bundle bundle;
	struct km_policy policy;
	struct km_diags diags = {0};
	int64_t next;

	make_bundle(&bundle, "version: 1\nservices: {insecure: {allow: []}, etcd: {allow: [a]}}\n",
		    &(struct list){"a", list, NULL}, 1);
	assert_int_equal(km_policy_build(&bundle, at, &policy, &diags), 0);
	assert_int_equal(diags.errors, 0);
	next = policy.next_until;
	km_diags_free(&diags);
	km_policy_free(&policy);
	km_bundle_free(&bundle);
	return next;
}

static void test_next_until(void **state)
{
	(void)state;
	assert_int_equal(next_of("10.0.0.1\n", &facts), KM_FOREVER);
	assert_int_equal(next_of("10.0.0.1 until 2026-11-24T18:00:00Z\n", &facts), NOW + 2 * HOUR);
	/* The earliest, deny or not, v6 or @self; what has ended does not come back. */
	assert_int_equal(next_of("10.0.0.1 until 2026-11-24T18:00:00Z\n!fd00::1 until 2026-11-24T17:00:00Z\n", &facts),
			 NOW + HOUR);
	assert_int_equal(next_of("!@self until 2026-11-24T17:00:00Z\n10.0.0.1 until 2026-11-24T18:00:00Z\n", &facts),
			 NOW + HOUR);
	assert_int_equal(next_of("10.0.0.1 until 2026-11-24T15:00:00Z\n10.0.0.1 until 2026-11-24T16:00:00Z\n", &facts),
			 KM_FOREVER);
}

/* A permission that has ended, or that an equal prefix takes back, lets nobody in. */
static void test_family_ruled(void **state)
{
	static const struct {
		const char *list;
		bool ruled;
	} lists[] = {
		{"10.0.0.0/8 until 2026-11-24T17:00:00Z\n", true},
		{"10.0.0.0/8 until 2026-11-24T15:00:00Z\n", false},
		{"!10.0.0.0/8\n", false},
		{"10.0.0.0/8\n!10.0.0.0/8\n", false},
		{"10.0.0.0/8\n!10.0.0.0/9\n", true},
		{"10.0.0.0/8\n!10.0.0.0/8 until 2026-11-24T15:00:00Z\n", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		struct km_bundle bundle;
		struct km_policy policy;
		struct km_diags diags = {0};

		make_bundle(&bundle, "version: 1\nservices: {etcd: {allow: [a]}}\n",
			    &(struct list){"a", lists[i].list, NULL}, 1);
		assert_int_equal(km_policy_build(&bundle, &facts, &policy, &diags), 0);
		assert_int_equal(km_policy_family_ruled(&policy, 0, KM_V4, NOW), lists[i].ruled);
		assert_false(km_policy_family_ruled(&policy, 0, KM_V6, NOW));
		km_diags_free(&diags);
		km_policy_free(&policy);
		km_bundle_free(&bundle);
	}
}

/* Without a configuration the built-in services run with empty lists in audit, whatever else lies around. */
static void test_no_file(void **state)
{
	struct km_bundle bundle;
	struct km_policy policy;
	struct km_diags diags = {0};

	(void)state;
	make_bundle(&bundle, NULL, &(struct list){"etcd.allow", "nonsense\n", NULL}, 1);
	assert_int_equal(km_policy_build(&bundle, &facts, &policy, &diags), 0);
	assert_int_equal(diags.count, 0);
	assert_false(policy.config.present);
	assert_int_equal(policy.config.service_count, 4);
	for (unsigned i = 0; i < 4; i++) {
		assert_false(policy.config.services[i].enforce);
		assert_int_equal(policy.rules[i].count, 0);
	}
	assert_int_equal(policy.next_until, KM_FOREVER);
	km_policy_free(&policy);
	km_bundle_free(&bundle);
}

/* A port without a place, of a built-in service that nobody wrote, is warned of at the start of the file. */
static void test_port_without_place(void **state)
{
	struct km_facts wide = facts;
	struct km_bundle bundle;
	struct km_policy policy;
	struct km_diags diags = {0};

	(void)state;
	wide.port_range[0] = 10250;
	make_bundle(&bundle, NULL, NULL, 0);
	assert_int_equal(km_policy_build(&bundle, &wide, &policy, &diags), 0);
	assert_diags(&diags,
		     (const struct expected[]){{KM_WARNING_DIAG, 0, 1, 1, "port 10250"},
					       {KM_WARNING_DIAG, 0, 1, 1, "port 10257"},
					       {KM_WARNING_DIAG, 0, 1, 1, "port 10259"},
					       {0}},
		     "no file");
	km_diags_free(&diags);
	km_policy_free(&policy);
	km_bundle_free(&bundle);

	make_bundle(&bundle, "version: 1\nservices:\n  kubelet: {allow: []}\n", NULL, 0);
	assert_int_equal(km_policy_build(&bundle, &wide, &policy, &diags), 0);
	assert_diags(&diags, (const struct expected[]){{KM_WARNING_DIAG, 0, 3, 3, "port 10250"}, {0}}, "built in");
	km_diags_free(&diags);
	km_policy_free(&policy);
	km_bundle_free(&bundle);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diags),	   cmocka_unit_test(test_rules),
		cmocka_unit_test(test_next_until), cmocka_unit_test(test_family_ruled),
		cmocka_unit_test(test_no_file),	   cmocka_unit_test(test_port_without_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
