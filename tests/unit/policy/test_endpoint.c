/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/config.h"
#include "policy/endpoint.h"
#include "unit/policy/config_errors.h"

static void test_valid(void **state)
{
	static const struct {
		const char *text;
		struct km_endpoint endpoint;
		const char *canonical;
	} cases[] = {
		{"127.0.0.1:9475", {KM_V4, {{0x7f000001}}, 9475}, "127.0.0.1:9475"},
		{"0.0.0.0:1", {KM_V4, {{0}}, 1}, "0.0.0.0:1"},
		{"[::1]:9475", {KM_V6, {{0, 0, 0, 1}}, 9475}, "[::1]:9475"},
		{"[::]:65535", {KM_V6, {{0}}, 65535}, "[::]:65535"},
		{"[2001:DB8:0:0::7]:80", {KM_V6, {{0x20010db8, 0, 0, 7}}, 80}, "[2001:db8::7]:80"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_endpoint endpoint;
		char text[KM_ENDPOINT_TEXT];
		struct km_err err = {};

		if (km_endpoint_parse(cases[i].text, &endpoint, &err))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_true(km_endpoint_equal(&endpoint, &cases[i].endpoint));
		assert_string_equal(km_endpoint_format(&endpoint, text), cases[i].canonical);
	}
}

static void test_invalid(void **state)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"", "no address"},
		{":9475", "no address"},
		{"[]:9475", "no address"},
		{"*:9475", "no numeric address"},
		{"localhost:9475", "names are not looked up"},
		{"127.0.0.01:9475", "no numeric address"},
		{"[fe80::1%eth0]:9475", "no numeric address"},
		{"1234567890123456789012345678901234567890123456789012345678901234567890:1", "no numeric address"},
		{"::1:9475", "needs brackets"},
		{"[::1:9475", "no closing bracket"},
		{"[127.0.0.1]:9475", "write 127.0.0.1 without"},
		{"[::ffff:127.0.0.1]:9475", "write 127.0.0.1 without"},
		{"127.0.0.1", "no port after the address"},
		{"[::1]", "no port after the address"},
		{"[::1]9475", "no port after the address"},
		{"127.0.0.1:", "no port from 1 to 65535"},
		{"127.0.0.1:0", "no port from 1 to 65535"},
		{"127.0.0.1:09475", "no port from 1 to 65535"},
		{"127.0.0.1:65536", "no port from 1 to 65535"},
		{"127.0.0.1:18446744073709561091", "no port from 1 to 65535"},
		{"127.0.0.1:+80", "no port from 1 to 65535"},
		{"127.0.0.1:9475/", "no port from 1 to 65535"},
		{"127.0.0.1:94 75", "no port from 1 to 65535"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct km_endpoint endpoint = {.port = 7};
		struct km_err err = {};

		assert_int_equal(km_endpoint_parse(cases[i].text, &endpoint, &err), -EINVAL);
		if (!strstr(err.text, cases[i].part))
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(endpoint.port, 7);
	}
}

static void test_equal(void **state)
{
	struct km_endpoint a = {KM_V6, {{0, 0, 0, 1}}, 9475}, b = a;

	(void)state;
	assert_true(km_endpoint_equal(&a, &b));
	b.port = 9476;
	assert_false(km_endpoint_equal(&a, &b));
	b = a;
	b.ip.word[3] = 2;
	assert_false(km_endpoint_equal(&a, &b));
	b = a;
	b.family = KM_V4;
	assert_false(km_endpoint_equal(&a, &b));
}

static void test_configured(void **state)
{
	static const struct {
		const char *yaml, *listen;
	} cases[] = {
		{"version: 1\nservices: {etcd: {}}\n", "127.0.0.1:9475"},
		{"version: 1\nservices: {etcd: {}}\nmetrics: {}\n", "127.0.0.1:9475"},
		{"version: 1\nservices: {etcd: {}}\nmetrics: {listen: \"10.0.0.1:9000\"}\n", "10.0.0.1:9000"},
		{"version: 1\nservices: {etcd: {}}\nmetrics:\n  listen: 0.0.0.0:9475\n", "0.0.0.0:9475"},
		{"version: 1\nservices: {etcd: {}}\nmetrics:\n  listen: '[::1]:9475'\n", "[::1]:9475"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[KM_ENDPOINT_TEXT];
		struct km_diags diags = {};
		struct km_config config;

		parse_config(cases[i].yaml, strlen(cases[i].yaml), &config, &diags);
		assert_int_equal(diags.count, 0);
		assert_string_equal(km_endpoint_format(&config.metrics, text), cases[i].listen);
		km_config_free(&config);
		km_diags_free(&diags);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_invalid),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_configured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
