/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/groups.h"
#include "unit/report/samples.h"
#include "unit/report/written.h"

static unsigned lines(const char *text)
{
	unsigned count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void test_alike_ones_are_one_line_in_order_of_their_last(void **state)
{
	struct km_denial often = sample_denial(), once = sample_denial();
	struct km_groups groups = {};
	struct km_group *group;
	struct written written;

	(void)state;
	once.source.word[0]++;
	once.time += 1000000000;
	for (unsigned i = 0; i < 8; i++) {
		/* Another source port and destination are the same client trying again. */
		often.source_port = (uint16_t)(40000 + i);
		often.destination.word[0] = 0x0a000001 + i;
		often.time += 1000000000;
		assert_int_equal(km_groups_add(&groups, &often, &group), 0);
		if (!i)
			assert_int_equal(km_groups_add(&groups, &once, &group), 0);
	}
	km_groups_print_all(&groups, written_begin(&written));
	assert_string_equal(written_end(&written),
			    "2026-11-24T19:00:01.001500Z etcd deny denied_source from 10.9.0.8 to 10.0.0.1:2379, "
			    "rule etcd.allow:4\n"
			    "2026-11-24T19:00:08.001500Z etcd deny denied_source from 10.9.0.7 to 10.0.0.8:2379, "
			    "rule etcd.allow:4, 8 times\n");
	free(written.text);
	km_groups_free(&groups);
}

static void test_what_differs_stays_apart(void **state)
{
	struct km_denial denials[7];
	struct km_groups groups = {};
	struct km_group *group;

	(void)state;
	for (unsigned i = 0; i < 7; i++)
		denials[i] = sample_denial();
	denials[1].port = 2380;
	denials[2].reason = KM_REVOKED;
	denials[3].verdict = KM_AUDIT;
	denials[4].family = KM_V6;
	strcpy(denials[5].service, "kubelet");
	denials[6].rule[0] = '\0';
	for (unsigned i = 0; i < 7; i++) {
		assert_int_equal(km_groups_add(&groups, &denials[i], &group), 0);
		assert_int_equal(group->count, 1);
	}
	assert_int_equal(groups.count, 7);
	km_groups_free(&groups);
}

static void test_live_tells_the_first_at_once_and_the_rest_after_a_while(void **state)
{
	struct km_denial denial = sample_denial();
	struct km_groups groups = {};
	struct written written;
	FILE *out = written_begin(&written);
	int64_t now = 1000000000;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		km_groups_live(&groups, &denial, now, out);
	fflush(out);
	assert_int_equal(lines(written.text), 1);
	km_groups_tick(&groups, now + KM_GROUP_HOLD_NS - 1, false, out);
	fflush(out);
	assert_int_equal(lines(written.text), 1);
	km_groups_tick(&groups, now + KM_GROUP_HOLD_NS, false, out);
	fflush(out);
	assert_int_equal(lines(written.text), 2);
	assert_non_null(strstr(written.text, ", 99 times\n"));
	/* Quiet for as long again: forgotten, and the next one is a first one. */
	km_groups_tick(&groups, now + 2 * KM_GROUP_HOLD_NS, false, out);
	assert_int_equal(groups.count, 0);
	km_groups_live(&groups, &denial, now + 3 * KM_GROUP_HOLD_NS, out);
	fflush(out);
	assert_int_equal(lines(written.text), 3);
	written_end(&written);
	free(written.text);
	km_groups_free(&groups);
}

static void test_live_holds_nothing_back_at_the_end(void **state)
{
	struct km_denial denial = sample_denial();
	struct km_groups groups = {};
	struct written written;
	FILE *out = written_begin(&written);

	(void)state;
	km_groups_live(&groups, &denial, 1, out);
	km_groups_live(&groups, &denial, 2, out);
	km_groups_tick(&groups, 3, true, out);
	assert_int_equal(lines(written_end(&written)), 2);
	free(written.text);
	km_groups_free(&groups);
}

static void test_a_flood_of_sources_is_told_and_does_not_grow(void **state)
{
	struct km_denial denial = sample_denial();
	struct km_groups groups = {};
	struct written written;
	FILE *out = written_begin(&written);

	(void)state;
	for (unsigned i = 0; i < KM_GROUPS_LIVE + 100; i++) {
		denial.source.word[0] = i;
		km_groups_live(&groups, &denial, 1, out);
	}
	assert_int_equal(lines(written_end(&written)), KM_GROUPS_LIVE + 100);
	assert_int_equal(groups.count, KM_GROUPS_LIVE);
	free(written.text);
	km_groups_free(&groups);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alike_ones_are_one_line_in_order_of_their_last),
		cmocka_unit_test(test_what_differs_stays_apart),
		cmocka_unit_test(test_live_tells_the_first_at_once_and_the_rest_after_a_while),
		cmocka_unit_test(test_live_holds_nothing_back_at_the_end),
		cmocka_unit_test(test_a_flood_of_sources_is_told_and_does_not_grow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
