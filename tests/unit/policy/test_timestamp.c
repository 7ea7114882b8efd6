/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "policy/rule.h"
#include "policy/timestamp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND 1000000000ll

static void test_moments(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01T00:00:00.000000001Z", 1},
		{"2026-12-01T18:00:00Z", 1796148000 * SECOND},
		{"2026-12-01t18:00:00z", 1796148000 * SECOND},
		{"2026-12-01T19:00:00+01:00", 1796148000 * SECOND},
		{"2026-12-01T12:30:00-05:30", 1796148000 * SECOND},
		{"2026-12-02T00:59:00+06:59", 1796148000 * SECOND},
		{"2026-12-01T18:00:00-00:00", 1796148000 * SECOND},
		{"2026-12-01T18:00:00.5Z", 1796148000 * SECOND + SECOND / 2},
		{"2026-12-01T18:00:00.1234567899999Z", 1796148000 * SECOND + 123456789},
		{"2028-02-29T00:00:00Z", 1835395200 * SECOND},
		{"2000-02-29T00:00:00Z", 951782400 * SECOND},
		{"2016-12-31T23:59:60Z", 1483228800 * SECOND},
		{"2017-01-01T00:59:60+01:00", 1483228800 * SECOND},
		{"2262-04-11T23:47:15.5Z", 9223372035 * SECOND + SECOND / 2},
		{"2262-04-11T23:47:16Z", KM_FOREVER - 1},
		{"9999-12-31T23:59:59Z", KM_FOREVER - 1},
		{"1969-12-31T23:59:59.9Z", 0},
		{"0000-01-01T00:00:00Z", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text, *at, *why;
		int64_t ns = -1;

		if (km_timestamp_parse(text, text + strlen(text), &ns, &at, &why))
			fail_msg("%s: %s", text, why);
		if (ns != cases[i].ns)
			fail_msg("%s: %lld", text, (long long)ns);
	}
}

/* Text, where it is wrong, and what is said. */
static void test_wrong(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *why;
	} cases[] = {
		{"tomorrow", 0, "2026-12-01T18:00:00Z"},
		{"26-12-01T18:00:00Z", 0, "2026-12-01T18:00:00Z"},
		{"12026-12-01T18:00:00Z", 0, "2026-12-01T18:00:00Z"},
		{"2026/12/01T18:00:00Z", 4, "2026-12-01T18:00:00Z"},
		{"2026-1-01T18:00:00Z", 5, "month"},
		{"2026-00-01T18:00:00Z", 5, "month"},
		{"2026-13-01T18:00:00Z", 5, "month"},
		{"2026-12-00T18:00:00Z", 8, "day"},
		{"2026-12-32T18:00:00Z", 8, "day"},
		{"2026-02-29T18:00:00Z", 8, "no such day"},
		{"1900-02-29T18:00:00Z", 8, "no such day"},
		{"2026-04-31T18:00:00Z", 8, "no such day"},
		{"2026-12-01", 0, "T and the time of day"},
		{"2026-12-01_18:00:00Z", 10, "T and the time of day"},
		{"2026-12-01T", 0, "hour"},
		{"2026-12-01T24:00:00Z", 11, "hour"},
		{"2026-12-01T18", 0, "incomplete"},
		{"2026-12-01T18:00Z", 16, "incomplete"},
		{"2026-12-01T18:60:00Z", 14, "minutes"},
		{"2026-12-01T18:00:61Z", 17, "seconds"},
		{"2026-12-01T23:59:60Z", 17, "leap"},
		{"2026-11-30T23:59:60+01:00", 17, "leap"},
		{"2026-12-01T18:00:00", 0, "zone"},
		{"2026-12-01T18:00:00,5Z", 19, "zone"},
		{"2026-12-01T18:00:00.Z", 19, "fraction"},
		{"2026-12-01T18:00:00UTC", 19, "zone"},
		{"2026-12-01T18:00:00+1", 20, "+01:00"},
		{"2026-12-01T18:00:00+24:00", 20, "+01:00"},
		{"2026-12-01T18:00:00+0100", 20, "+01:00"},
		{"2026-12-01T18:00:00+01:60", 23, "+01:00"},
		{"2026-12-01T18:00:00Z.", 20, "comment"},
		{"2026-12-01T18:00:00+01:00Z", 25, "comment"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *text = cases[i].text, *at = NULL, *why = NULL;
		int64_t ns;

		assert_int_equal(km_timestamp_parse(text, text + strlen(text), &ns, &at, &why), -EINVAL);
		if (at != text + cases[i].at || !strstr(why, cases[i].why))
			fail_msg("%s: at %td: %s", text, at - text, why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
