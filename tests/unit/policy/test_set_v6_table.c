/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "policy/set_v6_table.h"
#include "random_policy.h"

/* A table of keys that the first multiplier sends to one home, and those that the next one does. */
static void test_collisions(void **state)
{
	enum { ALIKE = 200 };
	struct km_v6_table first = {}, table;
	struct km_lines lines = {};
	uint64_t *slots = calloc(ALIKE, sizeof(*slots));
	size_t count = 0;
	uint32_t line;

	(void)state;
	assert_non_null(slots);
	assert_int_equal(km_lines_add(&lines, 1, &line), 0);
	slots[0] = 1ull << KM_V6_PLACE_BITS | KM_LINE;
	assert_int_equal(km_v6_table_build(KM_V6_SLOT_BLOCK, slots, 1, &lines, &first), 0);
	first.shift = 64 - 20; /* many more homes than slots, and yet all alike */
	for (uint64_t block = 0; count < ALIKE; block++)
		if (km_v6_home(&first, block) == 12345) {
			slots[count] = block << KM_V6_PLACE_BITS | (count + 1) * KM_LINE;
			count++;
		}
	assert_int_equal(km_v6_table_build(KM_V6_SLOT_BLOCK, slots, count, &lines, &table), 0);
	assert_int_not_equal(table.multiplier, first.multiplier);
	for (size_t i = 0; i < count; i++) {
		const uint64_t *at = (uint64_t *)km_lines_at(&lines, table.slots / KM_LINE) +
				     km_v6_home(&table, slots[i] >> KM_V6_PLACE_BITS);
		unsigned probes = 1;

		for (; *at != slots[i]; at++, probes++)
			assert_int_not_equal(*at, 0);
		assert_in_range(probes, 1, KM_V6_PROBES);
	}
	km_lines_free(&lines);
	free(slots);
}

/* As many random keys as a table may hold: none is so far from home that a larger one is needed. */
static void test_full_table(void **state)
{
	enum { BITS = 17, COUNT = (2 << BITS) / 3 };
	struct km_v6_table table;
	struct km_lines lines = {};
	uint64_t *slots = calloc(COUNT, sizeof(*slots)), seed = 13;
	uint32_t line;

	(void)state;
	assert_non_null(slots);
	assert_int_equal(km_lines_add(&lines, 1, &line), 0);
	for (size_t i = 0; i < COUNT; i++)
		slots[i] = random_below(&seed, 1ull << 33) << KM_V6_PLACE_BITS | KM_LINE;
	assert_int_equal(km_v6_table_build(KM_V6_SLOT_BLOCK, slots, COUNT, &lines, &table), 0);
	assert_int_equal(table.shift, 64 - BITS);
	km_lines_free(&lines);
	free(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_collisions),
		cmocka_unit_test(test_full_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
