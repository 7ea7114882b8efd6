/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/addr.h"
#include "policy/compile.h"
#include "decide.h"
#include "rule_text.h"

#define NOW 1000
#define WHOLE_IMAGE (KM_LINES_MAX_BYTES - 1) /* as mask: a line outside is seen by the sanitizer */

static void add_rules(struct km_rules *rules, const char *text)
{
	char *copy = strdup(text), *rest = copy, *word;

	assert_non_null(copy);
	while ((word = strsep(&rest, " ")))
		if (*word)
			rule_text(rules, word, 1, KM_FOREVER);
	free(copy);
}

/* What the rules (blanks between them) allow of one family, as "first-last first-last". */
static void check_ranges(const char *rules_text, enum km_family family, const char *expected)
{
	struct km_rules rules = {};
	struct km_range *ranges;
	size_t count, used = 0;
	char text[1024] = "";

	add_rules(&rules, rules_text);
	km_rules_sort(&rules);
	assert_int_equal(km_rules_ranges(&rules, family, NOW, &ranges, &count), 0);
	for (size_t i = 0; i < count; i++) {
		char first[KM_ADDR_TEXT], last[KM_ADDR_TEXT];

		used += snprintf(text + used, sizeof(text) - used, "%s%s-%s", i ? " " : "",
				 km_ip_format(family, ranges[i].first, first),
				 km_ip_format(family, ranges[i].last, last));
	}
	assert_string_equal(text, expected);
	free(ranges);
	km_rules_free(&rules);
}

static void test_longest_prefix_decides(void **state)
{
	(void)state;
	check_ranges("10.0.0.0/8 !10.0.64.0/18 10.0.66.0/24", KM_V4,
		     "10.0.0.0-10.0.63.255 10.0.66.0-10.0.66.255 10.0.128.0-10.255.255.255");
	check_ranges("192.0.2.0/24 192.0.2.9 192.0.2.0/25", KM_V4, "192.0.2.0-192.0.2.255");
	check_ranges("!192.0.2.0/24", KM_V4, "");
	check_ranges("!192.0.2.66 192.0.2.64/30", KM_V4, "192.0.2.64-192.0.2.65 192.0.2.67-192.0.2.67");
	check_ranges("2001:db8::/32 !2001:db8::/64 2001:db8::1", KM_V6,
		     "2001:db8::1-2001:db8::1 2001:db8:0:1::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void test_equal_prefixes_deny(void **state)
{
	(void)state;
	check_ranges("10.0.0.0/24 !10.0.0.0/24", KM_V4, "");
	check_ranges("10.0.0.0/24 10.0.0.0/25 !10.0.0.0/25 10.0.0.0/25", KM_V4, "10.0.0.128-10.0.0.255");
}

/* Exceptions that begin or end where the prefix around them does. */
static void test_common_edges(void **state)
{
	(void)state;
	check_ranges("10.0.0.0/24 !10.0.0.0/25", KM_V4, "10.0.0.128-10.0.0.255");
	check_ranges("10.0.0.0/24 !10.0.0.128/25", KM_V4, "10.0.0.0-10.0.0.127");
	check_ranges("10.0.0.0/24 !10.0.0.0/25 10.0.0.0/26 !10.0.0.0/27 10.0.0.0", KM_V4,
		     "10.0.0.0-10.0.0.0 10.0.0.32-10.0.0.63 10.0.0.128-10.0.0.255");
	check_ranges("10.0.0.0/24 !10.0.1.0/24 10.0.1.0/25", KM_V4, "10.0.0.0-10.0.1.127");
	check_ranges("10.0.0.0/24 !10.0.1.0/24 10.0.1.0/25 !10.0.1.0/26", KM_V4,
		     "10.0.0.0-10.0.0.255 10.0.1.64-10.0.1.127");
}

static void test_ranges_that_touch_are_one(void **state)
{
	(void)state;
	check_ranges("10.0.0.0/25 10.0.0.128/25 10.0.1.0/24", KM_V4, "10.0.0.0-10.0.1.255");
	check_ranges("::/1 8000::/1", KM_V6, "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void test_ends_of_the_space(void **state)
{
	(void)state;
	check_ranges("0.0.0.0/0", KM_V4, "0.0.0.0-255.255.255.255");
	check_ranges("0.0.0.0/0 !0.0.0.0 !255.255.255.255", KM_V4, "0.0.0.1-255.255.255.254");
	check_ranges("!0.0.0.0/0 0.0.0.0 255.255.255.255", KM_V4, "0.0.0.0-0.0.0.0 255.255.255.255-255.255.255.255");
	check_ranges("::/0 !ffff::/16", KM_V6, "::-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void test_families_apart(void **state)
{
	(void)state;
	check_ranges("2001:db8::/32 10.0.0.0/8 !::/0", KM_V4, "10.0.0.0-10.255.255.255");
	check_ranges("10.0.0.0/8", KM_V6, "");
	check_ranges("", KM_V4, "");
}

static void test_expired_rules_do_not_count(void **state)
{
	struct km_rules rules = {};
	struct km_range *ranges;
	size_t count;

	(void)state;
	rule_text(&rules, "10.0.0.0/24", 1, KM_FOREVER);
	rule_text(&rules, "!10.0.0.0/24", 2, NOW - 1);
	rule_text(&rules, "!10.0.0.0/25", 3, NOW); /* ends at that moment */
	rule_text(&rules, "!10.0.0.128/25", 4, NOW + 1);
	rule_text(&rules, "10.0.0.128/25", 5, KM_FOREVER);
	rule_text(&rules, "10.9.0.0/16", 6, NOW);
	km_rules_sort(&rules);
	assert_int_equal(km_rules_ranges(&rules, KM_V4, NOW, &ranges, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ranges[0].first.word[0], 0x0a000000);
	assert_int_equal(ranges[0].last.word[0], 0x0a00007f);
	free(ranges);
	km_rules_free(&rules);
}

/* A policy of two services, its image, and what the tests ask of it. */
struct fixture {
	struct km_policy policy;
	struct km_facts facts;
	struct km_image_params params;
	struct km_lines lines;
};

static const struct km_image *compile(struct fixture *f)
{
	for (unsigned i = 0; i < KM_SERVICES; i++)
		km_rules_sort(&f->policy.rules[i]);
	km_lines_free(&f->lines);
	assert_int_equal(km_compile(&f->policy, &f->facts, &f->params, &f->lines), 0);
	return (const struct km_image *)f->lines.data;
}

static bool set_has(const struct km_image *image, unsigned set, const char *address)
{
	struct km_ip ip = ip_text(address);

	return km_set_has(image, WHOLE_IMAGE, &image->set[set], family_text(address), &ip);
}

/* Number of the service + 1 that guards the port. */
static unsigned port_service(const struct km_image *image, unsigned port)
{
	return image->port[image->port_page[port >> 8]][port & 255];
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->facts.now = NOW;
	f->policy.config.service_count = 2;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < KM_SERVICES; i++)
		km_rules_free(&f->policy.rules[i]);
	km_lines_free(&f->lines);
	free(f);
	return 0;
}

static void test_header(void **state)
{
	struct fixture *f = *state;
	const struct km_image *image;

	f->policy.config.events_per_second = 200;
	f->params.generation = 0x123456789a;
	image = compile(f);
	assert_int_equal(image->magic, KM_IMAGE_MAGIC);
	assert_int_equal(image->generation, 0x123456789a);
	assert_int_equal(image->events_per_second, 200);
	assert_int_equal(image->lines, f->lines.count);
}

static void test_services(void **state)
{
	struct fixture *f = *state;
	struct km_config_service *services = f->policy.config.services;
	const struct km_image *image;

	services[0].enforce = true;
	services[1].drop = true;
	f->params.slot[0] = 63;
	f->params.slot[1] = 5;
	image = compile(f);
	assert_int_equal(image->set[0].service.flags, KM_ENFORCE);
	assert_int_equal(image->set[0].service.slot, 63);
	assert_int_equal(image->set[1].service.flags, KM_DROP);
	assert_int_equal(image->set[1].service.slot, 5);
	f->params.packet_layer = true;
	image = compile(f);
	assert_int_equal(image->set[0].service.flags, KM_ENFORCE | KM_PACKET_LAYER);
	assert_int_equal(image->set[1].service.flags, KM_DROP | KM_PACKET_LAYER);
}

static void test_deny_self(void **state)
{
	struct fixture *f = *state;

	rule_text(&f->policy.rules[0], "@self", 1, KM_FOREVER);
	rule_text(&f->policy.rules[0], "!@self", 2, NOW);
	assert_int_equal(compile(f)->set[0].service.flags, 0);
	rule_text(&f->policy.rules[0], "!@self", 3, NOW + 1);
	assert_int_equal(compile(f)->set[0].service.flags, KM_DENY_SELF);
	assert_int_equal(compile(f)->set[1].service.flags, 0);
}

static void test_ports(void **state)
{
	struct fixture *f = *state;
	struct km_config_service *services = f->policy.config.services;
	const unsigned first[] = {1, 2379, 2380, 65535}, second[] = {2381, 6443};
	const struct km_image *image;

	memcpy(services[0].ports, first, sizeof(first));
	services[0].port_count = 4;
	memcpy(services[1].ports, second, sizeof(second));
	services[1].port_count = 2;
	image = compile(f);
	for (unsigned port = 0; port < 65536; port++) {
		unsigned expected = 0;

		for (unsigned i = 0; i < 4; i++)
			expected = port == first[i] ? 1 : expected;
		for (unsigned i = 0; i < 2; i++)
			expected = port == second[i] ? 2 : expected;
		assert_int_equal(port_service(image, port), expected);
	}
}

static void test_too_many_ports(void **state)
{
	struct fixture *f = *state;
	struct km_config_service *services = f->policy.config.services;

	for (unsigned i = 0; i < KM_PORTS; i++)
		services[0].ports[i] = 256 * (i + 1);
	services[0].port_count = KM_PORTS;
	assert_int_equal(port_service(compile(f), 256 * KM_PORTS), 1);
	services[1].ports[0] = 256 * (KM_PORTS + 1);
	services[1].port_count = 1;
	km_lines_free(&f->lines);
	assert_int_equal(km_compile(&f->policy, &f->facts, &f->params, &f->lines), -E2BIG);
}

static void test_each_service_its_rules(void **state)
{
	struct fixture *f = *state;
	const struct km_image *image;

	rule_text(&f->policy.rules[0], "10.0.0.0/8", 1, KM_FOREVER);
	rule_text(&f->policy.rules[1], "192.0.2.7", 1, KM_FOREVER);
	rule_text(&f->policy.rules[1], "2001:db8::/64", 2, KM_FOREVER);
	rule_text(&f->policy.rules[1], "2001:db8:1::/64", 2, NOW);
	image = compile(f);
	assert_true(set_has(image, 0, "10.1.2.3"));
	assert_false(set_has(image, 0, "192.0.2.7"));
	assert_false(set_has(image, 0, "2001:db8::7"));
	assert_true(set_has(image, 1, "192.0.2.7"));
	assert_true(set_has(image, 1, "2001:db8::7"));
	assert_false(set_has(image, 1, "2001:db8:1::7"));
	assert_false(set_has(image, 1, "10.1.2.3"));
	/* Unused ones are there and empty. */
	assert_false(set_has(image, KM_SERVICES - 1, "10.1.2.3"));
	assert_false(set_has(image, KM_SERVICES - 1, "2001:db8::7"));
}

/* The image of the rules has no loopback address, but `inside` if that is an address. */
static void check_no_loopback(struct fixture *f, const char *rules, const char *inside)
{
	const struct km_image *image;

	km_rules_free(&f->policy.rules[0]);
	add_rules(&f->policy.rules[0], rules);
	image = compile(f);
	assert_false(set_has(image, 0, "127.0.0.0"));
	assert_false(set_has(image, 0, "127.0.0.1"));
	assert_false(set_has(image, 0, "127.255.255.255"));
	assert_false(set_has(image, 0, "::1"));
	if (inside)
		assert_true(set_has(image, 0, inside));
}

static void test_loopback_is_never_listed(void **state)
{
	struct fixture *f = *state;

	check_no_loopback(f, "0.0.0.0/0", "126.255.255.255");
	check_no_loopback(f, "0.0.0.0/0", "128.0.0.0");
	check_no_loopback(f, "126.0.0.0/7", "126.255.255.255");
	check_no_loopback(f, "127.0.0.0/8", NULL);
	check_no_loopback(f, "127.0.0.1", NULL);
	check_no_loopback(f, "128.0.0.0/1", "128.0.0.0");
	check_no_loopback(f, "1.0.0.0/8 127.0.0.0/16 127.255.0.0/16 200.0.0.0/8", "200.0.0.1");
	check_no_loopback(f, "126.0.0.0/8 127.0.0.0/16 127.255.0.0/16", "126.255.255.255");
	check_no_loopback(f, "127.0.0.0/16 127.255.0.0/16 128.0.0.0/8", "128.0.0.0");
	check_no_loopback(f, "::/0", "::");
	check_no_loopback(f, "::/0", "::2");
	check_no_loopback(f, "::/127", "::");
	check_no_loopback(f, "::1", NULL);
}

static void test_failsafe(void **state)
{
	struct fixture *f = *state;
	const struct km_image *image;

	/* Nested and unsorted, as they stand in a file. */
	f->policy.config.failsafe[0] =
		(struct km_config_failsafe){.family = KM_V6, .ip = ip_text("2001:db8::"), .len = 64};
	f->policy.config.failsafe[1] =
		(struct km_config_failsafe){.family = KM_V4, .ip = ip_text("192.0.2.10"), .len = 32};
	f->policy.config.failsafe[2] =
		(struct km_config_failsafe){.family = KM_V4, .ip = ip_text("192.0.2.0"), .len = 28};
	f->policy.config.failsafe_count = 3;
	image = compile(f);
	assert_true(set_has(image, KM_SET_FAILSAFE, "192.0.2.10"));
	assert_true(set_has(image, KM_SET_FAILSAFE, "192.0.2.15"));
	assert_false(set_has(image, KM_SET_FAILSAFE, "192.0.2.16"));
	assert_true(set_has(image, KM_SET_FAILSAFE, "2001:db8::7"));
	assert_false(set_has(image, KM_SET_OWN, "192.0.2.10"));
	assert_false(set_has(image, 0, "192.0.2.10"));
}

static void test_own_addresses(void **state)
{
	const struct km_own_address own[] = {
		{.family = KM_V6, .ip = ip_text("2001:db8::5")},
		{.family = KM_V4, .ip = ip_text("10.0.0.6")},
		{.family = KM_V4, .ip = ip_text("10.0.0.5")},
		{.family = KM_V4, .ip = ip_text("10.0.0.5")},
	};
	struct fixture *f = *state;
	const struct km_image *image;

	f->facts.own = own;
	f->facts.own_count = 4;
	image = compile(f);
	assert_true(set_has(image, KM_SET_OWN, "10.0.0.5"));
	assert_true(set_has(image, KM_SET_OWN, "10.0.0.6"));
	assert_false(set_has(image, KM_SET_OWN, "10.0.0.7"));
	assert_true(set_has(image, KM_SET_OWN, "2001:db8::5"));
	assert_false(set_has(image, KM_SET_OWN, "2001:db8::6"));
	assert_false(set_has(image, KM_SET_FAILSAFE, "10.0.0.5"));
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_longest_prefix_decides),
		cmocka_unit_test(test_equal_prefixes_deny),
		cmocka_unit_test(test_common_edges),
		cmocka_unit_test(test_ranges_that_touch_are_one),
		cmocka_unit_test(test_ends_of_the_space),
		cmocka_unit_test(test_families_apart),
		cmocka_unit_test(test_expired_rules_do_not_count),
		WITH_POLICY(test_header),
		WITH_POLICY(test_services),
		WITH_POLICY(test_deny_self),
		WITH_POLICY(test_ports),
		WITH_POLICY(test_too_many_ports),
		WITH_POLICY(test_each_service_its_rules),
		WITH_POLICY(test_loopback_is_never_listed),
		WITH_POLICY(test_failsafe),
		WITH_POLICY(test_own_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
