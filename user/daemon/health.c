/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "daemon/daemon.h"
#include "facts.h"
#include "host/clock.h"
#include "policy/addr.h"
#include "report/say.h"

#define MEND_EVERY 20 /* looks */

static void tell(const struct km_problem *problem, bool gone, void *context)
{
	struct km_daemon *daemon = context;

	km_say("%s%s: %s", gone ? "no longer " : "", problem->kind, problem->message);
	for (unsigned i = 0; i < KM_KINDS && !gone; i++)
		if (!strcmp(km_kinds[i], problem->kind))
			daemon->noticed[i]++;
}

static bool is_uncounted(const struct km_daemon *daemon)
{
	for (unsigned i = 0; i < KM_KINDS_ROOM; i++)
		if (daemon->noticed[i])
			return true;
	return false;
}

/* True if something can be put back or attached again. */
static bool can_be_mended(const struct km_daemon *daemon)
{
	for (unsigned i = 0; i < KM_HELD_COUNT; i++)
		if (daemon->hold.another[i])
			return true;
	for (unsigned i = 0; i < KM_HOOK_COUNT; i++)
		if (daemon->status.hooks[i].wanted && daemon->status.hooks[i].kind)
			return true;
	return km_hold_unpinned(&daemon->hold) || !km_pins_daemon_lock_holds(&daemon->pins, daemon->lock);
}

/* A look that is told. False: it could not be taken, said. */
static bool look(struct km_daemon *daemon)
{
	struct km_err err = {};

	km_status_free(&daemon->status);
	if (km_status_read_held(daemon->target, &daemon->hold, KM_STATUS_HEALTH, &daemon->status, &err)) {
		km_daemon_complain(daemon, &err);
		return false;
	}
	km_troubles_update(&daemon->troubles, &daemon->status, tell, daemon);
	return true;
}

/*
 * The image in force relies on the packet layer while it is there and sees every listener; else the lookup refuses
 * alone. What did not help is tried again now and then.
 */
static void check_coverage(struct km_daemon *daemon)
{
	const struct km_status *status = &daemon->status;

	if (!status->state.packet_layer || status->state.relied == status->packet_covers) {
		daemon->tried_coverage = false;
		return;
	}
	if (daemon->tried_coverage && daemon->tried_covers == status->packet_covers && daemon->looks % MEND_EVERY)
		return;
	daemon->tried_coverage = true;
	daemon->tried_covers = status->packet_covers;
	km_say("%s: the packet layer %s", daemon->target->name,
	       status->packet_covers ? "covers every listener, deny: drop is silent again"
				     : "does not cover every listener, the lookup refuses instead");
	km_daemon_apply(daemon, KM_APPLY_TIMER);
}

static void check_status(struct km_daemon *daemon)
{
	struct km_err err = {};

	/* Told already, and could not be done so far: the BPF file system may be back. */
	if (daemon->lock >= 0 && km_hold_unpinned(&daemon->hold))
		km_daemon_mend(daemon, false);
	if (!look(daemon))
		return;
	if (daemon->loaded && !daemon->status.loaded) {
		km_say("%s: its pins are gone, without unload; loading again", daemon->target->name);
		km_daemon_leave(daemon, false);
		if (km_daemon_enter(daemon, &err))
			km_daemon_complain(daemon, &err);
		return;
	}
	if (daemon->lock >= 0 && (can_be_mended(daemon) || is_uncounted(daemon))) {
		km_daemon_mend(daemon, true);
		if (!look(daemon))
			return;
	}
	if (daemon->loaded)
		check_coverage(daemon);
}

void km_daemon_put_back(struct km_daemon *daemon)
{
	km_hold_look(&daemon->hold, &daemon->pins);
	if (!km_hold_unpinned(&daemon->hold) || !look(daemon))
		return;
	km_daemon_mend(daemon, false);
	look(daemon);
}

static bool same_addresses(const struct km_facts *a, const struct km_facts *b)
{
	if (a->own_count != b->own_count)
		return false;
	for (size_t i = 0; i < a->own_count; i++)
		if (a->own[i].family != b->own[i].family || km_ip_compare(a->own[i].ip, b->own[i].ip))
			return false;
	return true;
}

static void check_addresses(struct km_daemon *daemon)
{
	struct km_err err = {};
	struct km_host host;

	if (km_host_open(daemon->target->netns, &host, &err)) {
		km_daemon_complain(daemon, &err);
		return;
	}
	if (same_addresses(&host.facts, &daemon->host.facts)) {
		km_host_close(&host);
		return;
	}
	km_host_close(&daemon->host);
	daemon->host = host;
	km_say("%s: own addresses changed, %zu now", daemon->target->name, host.facts.own_count);
	km_daemon_apply(daemon, KM_APPLY_TIMER);
}

void km_daemon_look_after(struct km_daemon *daemon)
{
	struct km_err err = {};

	daemon->looks++;
	if (daemon->pins.dir < 0 && km_daemon_enter(daemon, &err))
		km_daemon_complain(daemon, &err);
	check_status(daemon);
	if (daemon->loaded)
		check_addresses(daemon);
	if (daemon->loaded && daemon->next_until <= km_clock_wall())
		km_daemon_apply(daemon, KM_APPLY_TIMER);
}
