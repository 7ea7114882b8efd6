/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <time.h>

#include "host/clock.h"

#define S 1000000000LL

static void formats_utc_with_microseconds(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{0, "1970-01-01T00:00:00.000000Z"},
		{1764010800 * S, "2025-11-24T19:00:00.000000Z"},
		{1764010800 * S + 999999999, "2025-11-24T19:00:00.999999Z"},
		{1709164800 * S + 1000, "2024-02-29T00:00:00.000001Z"},
		{-1, "1969-12-31T23:59:59.999999Z"},
		{-S, "1969-12-31T23:59:59.000000Z"},
		{INT64_MAX, "2262-04-11T23:47:16.854775Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[32];

		assert_string_equal(km_clock_format(cases[i].ns, text), cases[i].text);
		assert_ptr_equal(km_clock_format(cases[i].ns, text), text);
	}
}

static void counts_nanoseconds(void **state)
{
	struct timespec boot, wall;
	int64_t value;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &boot);
	value = km_clock_boot();
	assert_true(value >= boot.tv_sec * S + boot.tv_nsec);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	assert_true(value <= boot.tv_sec * S + boot.tv_nsec);
	clock_gettime(CLOCK_REALTIME, &wall);
	value = km_clock_wall();
	assert_true(value >= wall.tv_sec * S + wall.tv_nsec);
	clock_gettime(CLOCK_REALTIME, &wall);
	assert_true(value <= wall.tv_sec * S + wall.tv_nsec);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_utc_with_microseconds),
		cmocka_unit_test(counts_nanoseconds),
	};

	return cmocka_run_group_tests_name("host/clock", tests, NULL, NULL);
}
