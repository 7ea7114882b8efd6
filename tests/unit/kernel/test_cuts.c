/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/cuts.h"

#define ALL (KM_CUT_LOGS * KM_LOG_EVENTS)

static void keeps_the_last_of_all_rings(void **state)
{
	struct km_cuts *cuts = calloc(1, sizeof(*cuts));
	const struct km_cut_books books = {.cuts = cuts, .claims = -1};
	static unsigned char told[2 * ALL];
	uint64_t heads = 0;

	(void)state;
	assert_non_null(cuts);
	for (unsigned i = 0; i < ALL + ALL / 2; i++)
		km_cut_count(&books, &(struct km_event){.generation = i, .slot = i % 2, .seq = 7});
	assert_int_equal(cuts->revoked[0], 3 * ALL / 4);
	assert_int_equal(cuts->revoked[1], 3 * ALL / 4);
	for (unsigned ring = 0; ring < KM_CUT_LOGS; ring++) {
		const struct km_log *log = &cuts->log[ring];

		heads += log->head;
		for (unsigned i = 0; i < KM_LOG_EVENTS; i++) {
			const struct km_event *event = &log->event[i];
			const uint32_t number = (uint32_t)event->seq;

			assert_true(number && number <= log->head);
			assert_int_equal((number - 1) % KM_LOG_EVENTS, i);
			told[event->generation]++;
		}
	}
	assert_int_equal(heads, ALL + ALL / 2);
	for (unsigned i = 0; i < 2 * ALL; i++)
		assert_int_equal(told[i], i >= ALL / 2 && i < ALL + ALL / 2);
	free(cuts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_last_of_all_rings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
