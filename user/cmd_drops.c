/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "daemon/events.h"
#include "kernel/pins.h"
#include "policy/addr.h"
#include "report/groups.h"
#include "report/json.h"
#include "report/say.h"
#include "report/text.h"
#include "verb.h"

#define LOOKS_PER_SECOND 10

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static int tell_recent(const struct km_options *options, const struct km_denial *denials, size_t count)
{
	struct km_groups groups = {};
	struct km_group *group;
	int r = 0;

	for (size_t i = 0; !r && i < count; i++) {
		if (options->json)
			km_json_denial(stdout, &denials[i]);
		else
			r = km_groups_add(&groups, &denials[i], &group);
	}
	if (!r)
		km_groups_print_all(&groups, stdout);
	km_groups_free(&groups);
	return r;
}

static int by_source(const void *a, const void *b)
{
	const struct km_top *left = a, *right = b;

	return left->family != right->family ? (int)left->family - (int)right->family
					     : km_ip_compare(left->source, right->source);
}

static int by_count(const void *a, const void *b)
{
	const struct km_top *left = a, *right = b;

	if (left->count != right->count)
		return left->count < right->count ? 1 : -1;
	return by_source(a, b);
}

static int tell_top(const struct km_options *options, const struct km_denial *denials, size_t count)
{
	KM_AUTO_FREE struct km_top *top = calloc(count + 1, sizeof(*top));
	size_t sources = 0;

	if (!top)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		top[i] = (struct km_top){denials[i].family, denials[i].source, 1, denials[i].time};
	qsort(top, count, sizeof(*top), by_source);
	for (size_t i = 0; i < count; i++) {
		if (!sources || by_source(&top[sources - 1], &top[i])) {
			top[sources++] = top[i];
			continue;
		}
		top[sources - 1].count++;
		if (top[i].last > top[sources - 1].last)
			top[sources - 1].last = top[i].last;
	}
	qsort(top, sources, sizeof(*top), by_count);
	if (sources > options->top)
		sources = options->top;
	if (!options->json)
		km_text_top(stdout, top, sources);
	for (size_t i = 0; options->json && i < sources; i++)
		km_json_top(stdout, &top[i]);
	return 0;
}

/* Until it is told to stop, nobody reads its output any more, or the instance is gone. The exit status. */
static int follow(struct km_events *events, const struct km_pins *pins)
{
	const struct timespec pause = {.tv_nsec = 1000000000 / LOOKS_PER_SECOND};
	struct sigaction action = {.sa_handler = stop};
	int status = km_exit_written(KM_EXIT_OK);
	bool gone = false;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (unsigned look = 1; !stopped && !gone && !status; look++) {
		struct km_err err = {};
		KM_AUTO_CLOSE int log = -1;

		nanosleep(&pause, NULL);
		if (km_events_tell(events, stdout, &err))
			return km_exit_failed(&err);
		if (look % LOOKS_PER_SECOND == 0) {
			km_events_tick(events, false, stdout);
			log = km_pins_get(pins, KM_PIN_DENIALS, NULL);
			gone = log == -ENOENT;
		}
		status = km_exit_written(KM_EXIT_OK);
	}
	if (!status)
		km_events_tick(events, true, stdout);
	if (gone)
		km_say("%s: was unloaded", pins->name);
	return status;
}

static int tell(const struct km_options *options, struct km_events *events, const struct km_pins *pins)
{
	KM_AUTO_FREE struct km_denial *denials = NULL;
	struct km_err err = {};
	size_t count;
	int r;

	r = km_events_take(events, &denials, &count, &err);
	if (r)
		return km_exit_failed(&err);
	r = options->top ? tell_top(options, denials, count) : tell_recent(options, denials, count);
	if (r) {
		km_fail(&err, ENOMEM, "no memory to group %zu denials; use -o json", count);
		return km_exit_failed(&err);
	}
	if (options->given & KM_OPTION_FOLLOW)
		return follow(events, pins);
	km_events_tick(events, true, stdout);
	return KM_EXIT_OK;
}

int km_cmd_drops(const struct km_options *options)
{
	const struct km_target *target = &options->target;
	struct km_pins pins = {.dir = -1};
	struct km_events events = {};
	struct km_err err = {};
	int r;

	km_settle(target);
	r = km_pins_open(target->bpffs, target->name, false, &pins, &err);
	if (!r)
		r = km_events_open(&events, &pins, target, options->json, true, &err);
	if (r == -ENOENT)
		km_fail(&err, ENOENT, "%s: not loaded, nothing is refused; kubemoat load starts it", target->name);
	r = r ? km_exit_failed(&err) : tell(options, &events, &pins);
	km_events_close(&events);
	km_pins_close(&pins);
	return r;
}
