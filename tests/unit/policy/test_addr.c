/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "policy/addr.h"
#include "policy/scan.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct km_ip parsed(const char *text, enum km_family *family)
{
	struct km_ip ip;

	if (km_ip_parse(text, family, &ip))
		fail_msg("%s is no address", text);
	return ip;
}

static void test_text(void **state)
{
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"192.0.2.10", "192.0.2.10"},
		{"::", "::"},
		{"::1", "::1"},
		{"1::", "1::"},
		{"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1::1", "2001:0:0:1::1"},
		{"0:0:1::", "0:0:1::"},
		{"::0001:0a0b", "::1:a0b"},
		{"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
		{"::1.2.3.4", "::102:304"},
		{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"::ffff:192.0.2.1", "192.0.2.1"},
		{"::ffff:c000:201", "192.0.2.1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum km_family family;
		struct km_ip ip = parsed(cases[i].text, &family);
		char text[KM_ADDR_TEXT];

		assert_int_equal(family, strchr(cases[i].canonical, ':') ? KM_V6 : KM_V4);
		assert_string_equal(km_ip_format(family, ip, text), cases[i].canonical);
	}
}

static void test_mapped_text(void **state)
{
	char text[KM_ADDR_TEXT];

	(void)state;
	assert_string_equal(km_ip_format(KM_V6, (struct km_ip){{0, 0, 0xffff, 0x01020304}}, text), "::ffff:1.2.3.4");
	assert_string_equal(km_prefix_format(KM_V6, (struct km_ip){{0, 0, 0xffff}}, 96, text), "::ffff:0.0.0.0/96");
}

static void test_no_address(void **state)
{
	static const char *const cases[] = {
		"",
		"1",
		"1.2.3",
		"1.2.3.",
		"1.2.3.4.",
		"1.2.3.4.5",
		"01.2.3.4",
		"1.2.3.256",
		"1.2.3.4 ",
		" 1.2.3.4",
		"1.2.3.4/8",
		"a.2.3.4",
		":",
		":::",
		"1:",
		":1",
		"1::2::3",
		"1:2:3:4:5:6:7",
		"1:2:3:4:5:6:7:8:9",
		"1:2:3:4::5:6:7:8",
		"12345::",
		"g::",
		"::1%lo",
		"[::1]",
		"::1.2.3",
		"::1.2.3.04",
		"1:2:3:4:5:6:7:1.2.3.4",
		"1.2.3.4::",
		"localhost",
		"0x7f.0.0.1",
		"4294967296.0.0.0",
	};
	enum km_family family;
	struct km_ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (km_ip_parse(cases[i], &family, &ip) != -EINVAL)
			fail_msg("\"%s\" is taken for an address", cases[i]);
}

/* The scan stops where the address does, and never reads on. */
static void test_scan(void **state)
{
	static const struct {
		const char *text;
		enum km_scan_fault fault;
		size_t at;
	} cases[] = {
		{"10.0.0.1/8", KM_SCAN_GOOD, 8},  {"10.0.0.1-", KM_SCAN_GOOD, 8},  {"10.0.0.1.", KM_SCAN_GOOD, 8},
		{"::1%lo", KM_SCAN_GOOD, 3},	  {"1::/16", KM_SCAN_GOOD, 3},	   {"::-::1", KM_SCAN_GOOD, 2},
		{"1.2.3.4567", KM_SCAN_ABOVE, 6}, {"1.2.03.4", KM_SCAN_PADDED, 4}, {"1.2.3.4.5", KM_SCAN_MANY, 8},
		{"10/8", KM_SCAN_FEW, 0},	  {"1:2:3", KM_SCAN_FEW, 0},	   {"::12345", KM_SCAN_GROUP, 2},
		{"1::2::3", KM_SCAN_GAP, 4},	  {"1:2:", KM_SCAN_COLON, 3},	   {"name", KM_SCAN_NONE, 0},
		{"cafe", KM_SCAN_NONE, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct km_scan scan;

		assert_int_equal(km_scan_address(cases[i].text, cases[i].text + strlen(cases[i].text), &scan),
				 cases[i].fault);
		assert_int_equal(scan.at - cases[i].text, cases[i].at);
	}
}

static void test_bounds(void **state)
{
	static const struct {
		const char *text;
		unsigned len;
		const char *first, *last;
	} cases[] = {
		{"10.1.2.3", 0, "0.0.0.0", "255.255.255.255"},
		{"10.1.2.3", 8, "10.0.0.0", "10.255.255.255"},
		{"10.1.2.3", 31, "10.1.2.2", "10.1.2.3"},
		{"10.1.2.3", 32, "10.1.2.3", "10.1.2.3"},
		{"2001:db8::1", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"2001:db8::1", 32, "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
		{"2001:db8::1", 33, "2001:db8::", "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff"},
		{"2001:db8::1", 127, "2001:db8::", "2001:db8::1"},
		{"2001:db8::1", 128, "2001:db8::1", "2001:db8::1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum km_family family;
		struct km_ip ip = parsed(cases[i].text, &family);
		char text[KM_ADDR_TEXT];

		assert_string_equal(km_ip_format(family, km_ip_first(family, ip, cases[i].len), text), cases[i].first);
		assert_string_equal(km_ip_format(family, km_ip_last(family, ip, cases[i].len), text), cases[i].last);
	}
	/* The words that IPv4 does not have stay 0. */
	assert_int_equal(km_ip_last(KM_V4, (struct km_ip){}, 0).word[1], 0);
}

static void test_neighbours(void **state)
{
	static const char *const pairs[][2] = {
		{"10.0.0.255", "10.0.1.0"},
		{"2001:db8::ffff:ffff", "2001:db8::1:0:0"},
		{"::ffff:ffff:ffff:ffff", "0:0:0:1::"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		enum km_family family;
		struct km_ip low = parsed(pairs[i][0], &family), high = parsed(pairs[i][1], &family), out;

		assert_true(km_ip_next(family, low, &out));
		assert_int_equal(km_ip_compare(out, high), 0);
		assert_true(km_ip_prev(family, high, &out));
		assert_int_equal(km_ip_compare(out, low), 0);
		assert_int_equal(km_ip_compare(low, high), -1);
		assert_int_equal(km_ip_compare(high, low), 1);
	}
	for (unsigned family = 0; family < KM_FAMILIES; family++) {
		struct km_ip zero = {}, last = km_ip_last(family, zero, 0), out = {{42}};

		assert_false(km_ip_next(family, last, &out));
		assert_false(km_ip_prev(family, zero, &out));
		assert_int_equal(out.word[0], 42);
	}
}

static void test_bytes(void **state)
{
	static const unsigned char v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 7}, v4[4] = {192, 0, 2, 1};
	unsigned char out[16];
	char text[KM_ADDR_TEXT];
	struct km_ip ip = km_ip_from_bytes(KM_V6, v6);

	(void)state;
	assert_string_equal(km_ip_format(KM_V6, ip, text), "2001:db8::7");
	km_ip_to_bytes(KM_V6, ip, out);
	assert_memory_equal(out, v6, sizeof(v6));
	ip = km_ip_from_bytes(KM_V4, v4);
	assert_string_equal(km_ip_format(KM_V4, ip, text), "192.0.2.1");
	memset(out, 0xee, sizeof(out));
	km_ip_to_bytes(KM_V4, ip, out);
	assert_memory_equal(out, v4, sizeof(v4));
	assert_int_equal(out[4], 0xee);
}

static void test_prefix_text(void **state)
{
	enum km_family family;
	struct km_ip ip;
	char text[KM_ADDR_TEXT];

	(void)state;
	ip = parsed("10.0.0.0", &family);
	assert_string_equal(km_prefix_format(family, ip, 8, text), "10.0.0.0/8");
	assert_string_equal(km_prefix_format(family, ip, 32, text), "10.0.0.0");
	ip = parsed("2001:db8::", &family);
	assert_string_equal(km_prefix_format(family, ip, 127, text), "2001:db8::/127");
	assert_string_equal(km_prefix_format(family, ip, 128, text), "2001:db8::");
	assert_string_equal(km_prefix_format(KM_V6, (struct km_ip){}, 0, text), "::/0");
}

static void test_loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} cases[] = {{"127.0.0.1", true},  {"127.255.255.255", true},
		     {"128.0.0.0", false}, {"::1", true},
		     {"::2", false},	   {"1::1", false}};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum km_family family;
		struct km_ip ip = parsed(cases[i].text, &family);

		assert_int_equal(km_ip_loopback(family, ip), cases[i].loopback);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),  cmocka_unit_test(test_mapped_text), cmocka_unit_test(test_no_address),
		cmocka_unit_test(test_scan),  cmocka_unit_test(test_bounds),	  cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_bytes), cmocka_unit_test(test_prefix_text), cmocka_unit_test(test_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
