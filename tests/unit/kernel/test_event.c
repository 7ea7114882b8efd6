/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "kernel/event.h"

static struct km_event sample(uint64_t n)
{
	return (struct km_event){
		.time = n,
		.generation = 3,
		.source = {{0xfd000001, 0, 0, (uint32_t)n}},
		.destination = {{0xfd000002, 0, 0, 1}},
		.source_port = 40000,
		.port = 6443,
		.family = KM_V6,
		.slot = 1,
		.verdict = KM_DENY,
		.reason = KM_DENIED_SOURCE,
	};
}

/* A ring into which `count` events were written. */
static struct km_log *ring(uint64_t count)
{
	struct km_log *log = calloc(1, sizeof(*log));

	assert_non_null(log);
	for (uint64_t n = 1; n <= count; n++) {
		const struct km_event event = sample(n);

		km_event_write(log, &event);
	}
	return log;
}

static void reads_what_was_written(void **state)
{
	struct km_log *log = ring(KM_LOG_EVENTS + 2);

	(void)state;
	assert_int_equal(log->head, KM_LOG_EVENTS + 2);
	for (uint64_t n = 3; n <= KM_LOG_EVENTS + 2; n++) {
		const struct km_event wanted = sample(n);
		struct km_event event;

		assert_true(km_event_read(log, n, &event));
		assert_memory_equal((char *)&event + sizeof(event.seq), (const char *)&wanted + sizeof(wanted.seq),
				    sizeof(event) - sizeof(event.seq));
	}
	free(log);
}

static void does_not_read_what_was_overwritten(void **state)
{
	struct km_log *log = ring(KM_LOG_EVENTS + 2);
	struct km_event event;

	(void)state;
	assert_false(km_event_read(log, 1, &event));
	assert_false(km_event_read(log, 2, &event));
	free(log);
}

/* As other processors may see the stores of one: the number before the record, or parts of it. */
static void does_not_read_what_is_half_written(void **state)
{
	const struct km_event before = sample(1), after = sample(1 + KM_LOG_EVENTS);
	struct km_log *log = ring(1 + KM_LOG_EVENTS);
	struct km_event *at = &log->event[0], event;

	(void)state;
	at->source = before.source;
	assert_false(km_event_read(log, 1 + KM_LOG_EVENTS, &event));
	at->source = after.source;
	at->time = before.time;
	assert_false(km_event_read(log, 1 + KM_LOG_EVENTS, &event));
	at->time = after.time;
	at->reason++;
	assert_false(km_event_read(log, 1 + KM_LOG_EVENTS, &event));
	at->reason--;
	assert_true(km_event_read(log, 1 + KM_LOG_EVENTS, &event));
	at->seq = 0;
	assert_false(km_event_read(log, 1 + KM_LOG_EVENTS, &event));
	free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(does_not_read_what_was_overwritten),
		cmocka_unit_test(does_not_read_what_is_half_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
