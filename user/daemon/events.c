/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/events.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cleanup.h"
#include "host/clock.h"
#include "report/json.h"
#include "report/say.h"

#define BATCH 256

int km_events_open(struct km_events *events, const struct km_pins *pins, const struct km_target *target, bool json,
		   bool from_start, struct km_err *err)
{
	int r;

	events->json = json;
	r = km_inforce_open(pins, target->name, target->netns, &events->inforce, err);
	if (r)
		return r;
	r = km_log_open(pins, from_start, &events->reader, err);
	if (r) {
		km_inforce_close(events->inforce);
		events->inforce = NULL;
		return r;
	}
	if (!from_start)
		events->told_suppressed = km_log_suppressed(events->reader);
	return 0;
}

void km_events_close(struct km_events *events)
{
	km_log_close(events->reader);
	km_inforce_close(events->inforce);
	km_groups_free(&events->groups);
	*events = (struct km_events){};
}

static int by_time(const void *a, const void *b)
{
	const struct km_denial *left = a, *right = b;

	return left->time < right->time ? -1 : left->time > right->time;
}

int km_events_take(struct km_events *events, struct km_denial **denials, size_t *count, struct km_err *err)
{
	KM_AUTO_FREE struct km_denial *list = NULL;
	size_t taken = 0, got;

	do {
		struct km_event batch[BATCH];
		struct km_denial *larger;

		got = km_log_read(events->reader, batch, BATCH, &events->lost);
		if (!got)
			break;
		larger = reallocarray(list, taken + got, sizeof(*list));
		if (!larger)
			return km_fail(err, ENOMEM, "no memory for %zu denials", taken + got);
		list = larger;
		for (size_t i = 0; i < got; i++)
			km_inforce_denial(events->inforce, &batch[i], &list[taken++]);
	} while (got == BATCH);
	if (taken)
		qsort(list, taken, sizeof(*list), by_time);
	*denials = KM_TAKE_PTR(list);
	*count = taken;
	return 0;
}

int km_events_tell(struct km_events *events, FILE *out, struct km_err *err)
{
	KM_AUTO_FREE struct km_denial *denials = NULL;
	size_t count;
	int r;

	r = km_events_take(events, &denials, &count, err);
	for (size_t i = 0; !r && i < count; i++) {
		if (events->json)
			km_json_denial(out, &denials[i]);
		else
			km_groups_live(&events->groups, &denials[i], km_clock_boot(), out);
	}
	return r;
}

void km_events_tick(struct km_events *events, bool all, FILE *out)
{
	uint64_t suppressed = km_log_suppressed(events->reader), lost = events->lost - events->told_lost;

	km_groups_tick(&events->groups, km_clock_boot(), all, out);
	if (lost)
		km_say("%" PRIu64 " event%s overwritten before %s could be read", lost, lost == 1 ? " was" : "s were",
		       lost == 1 ? "it" : "they");
	if (suppressed > events->told_suppressed)
		km_say("%" PRIu64 " denials were counted but not reported, events.per_second is the limit",
		       suppressed - events->told_suppressed);
	events->told_lost = events->lost;
	events->told_suppressed = suppressed;
}
