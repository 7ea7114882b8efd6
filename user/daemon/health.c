/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <stddef.h>

#include "daemon/daemon.h"
#include "facts.h"
#include "host/clock.h"
#include "policy/addr.h"
#include "report/say.h"

#define MEND_EVERY 20 /* looks: what could not be mended is tried again */

static void tell(const struct km_problem *problem, bool gone)
{
	km_say("%s%s: %s", gone ? "no longer " : "", problem->kind, problem->message);
}

/* True if an attachment is not as it should be, and attaching again may help. */
static bool can_be_mended(const struct km_status *status)
{
	for (unsigned i = 0; i < KM_HOOK_COUNT; i++)
		if (status->hooks[i].wanted && !status->hooks[i].attached)
			return true;
	return false;
}

static void check_status(struct km_daemon *daemon)
{
	struct km_status *status = &daemon->status;
	struct km_err err = {};
	bool news;

	if (km_status_read(daemon->target, KM_STATUS_HEALTH, status, &err)) {
		km_daemon_complain(daemon, &err);
		km_status_free(status);
		return;
	}
	news = km_troubles_update(&daemon->troubles, status, tell);
	if (daemon->loaded && !status->loaded) {
		km_say("%s: its pins are gone, without unload; loading again", daemon->target->name);
		km_daemon_leave(daemon, false);
		if (km_daemon_enter(daemon, &err))
			km_daemon_complain(daemon, &err);
	} else if (daemon->loaded && can_be_mended(status) && (news || daemon->looks % MEND_EVERY == 0)) {
		km_say("%s: attaching again", daemon->target->name);
		km_daemon_apply(daemon, KM_APPLY_TIMER);
	}
	km_status_free(status);
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
