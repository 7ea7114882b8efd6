/* SPDX-License-Identifier: BSD-2-Clause */
#include "intact.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "kernel/links.h"
#include "kernel/others.h"

#define LOOKUP 0 /* in status->hooks */
#define PACKET 1

static void look(const struct km_pins *pins, const struct km_places *places, struct km_hold *hold,
		 struct km_status *status)
{
	uint64_t cgroup_id = 0;

	km_hold_look(hold, pins);
	if (places->cgroup >= 0)
		km_cgroup_id(places->cgroup, &cgroup_id, NULL);
	km_links_health(hold, status->state.packet_layer, status->state.netns_inode, cgroup_id, status->hooks);
	/* Without a BPF file system nobody could be told from a neighbour. */
	if (!*pins->bpffs)
		return;
	if (places->netns >= 0)
		km_others_lookup(pins, hold, places->netns, &status->hooks[LOOKUP].others);
	if (places->cgroup >= 0)
		km_others_packet(pins, hold, places->cgroup, &status->hooks[PACKET].others);
}

static bool is_suspicious(const struct km_hold *hold, const struct km_status *status)
{
	for (unsigned i = 0; i < KM_HOOK_COUNT; i++)
		if (status->hooks[i].wanted && status->hooks[i].kind)
			return true;
	for (unsigned i = 0; i < KM_HELD_COUNT; i++)
		if (hold->another[i])
			return true;
	return status->hooks[LOOKUP].others.count || km_hold_unpinned(hold);
}

/* `missing` says of every pin at once that it is gone. */
static void report_hooks(const char *missing, struct km_status *status)
{
	for (unsigned i = 0; i < KM_HOOK_COUNT; i++) {
		const struct km_hook *hook = &status->hooks[i];

		if (hook->wanted && hook->kind && !(hook->attached && missing))
			km_status_problem(status, hook->kind, hook->name, "%s: %s", hook->name, hook->trouble);
	}
}

static bool is_link(unsigned which)
{
	return which == KM_HELD_LOOKUP || which == KM_HELD_PACKET;
}

/* Of the maps and programs; a link's pin is told with its hook. */
static void report_pins(const struct km_pins *pins, const char *missing, const struct km_hold *hold,
			struct km_status *status)
{
	char names[256] = "";

	if (missing) {
		km_status_problem(status, "unpinned", NULL, "every pin is gone: %s", missing);
		return;
	}
	for (unsigned i = 0; i < KM_HELD_COUNT; i++) {
		size_t length = strlen(names);

		if (hold->another[i] && !is_link(i))
			km_status_problem(status, "replaced", NULL,
					  "%s/%s/%s is pinned to something that is not ours; `kubemoat load` pins ours "
					  "again",
					  pins->bpffs, pins->name, km_held_names[i]);
		else if (!hold->pinned[i] && !is_link(i))
			snprintf(names + length, sizeof(names) - length, "%s%s", length ? ", " : "", km_held_names[i]);
	}
	if (*names)
		km_status_problem(status, "unpinned", NULL,
				  "no longer pinned in %s/%s: %s; `kubemoat load` pins again what the kernel still has",
				  pins->bpffs, pins->name, names);
}

static void report_others(const struct km_places *places, struct km_status *status)
{
	const struct km_others *lookup = &status->hooks[LOOKUP].others, *packet = &status->hooks[PACKET].others;

	for (unsigned i = 0; i < lookup->count; i++)
		km_status_problem(
			status, "foreign", "sk_lookup",
			"sk_lookup: program %u '%s' is attached to the same network namespace and can override "
			"a refusal; `bpftool link` shows whose it is",
			lookup->list[i].id, lookup->list[i].name);
	if (lookup->more)
		km_status_problem(status, "foreign", "sk_lookup", "sk_lookup: %u further foreign program%s",
				  lookup->more, lookup->more == 1 ? "" : "s");
	if (!status->hooks[PACKET].wanted || status->hooks[PACKET].attached || !packet->in_the_way)
		return;
	for (unsigned i = 0; i < packet->count; i++)
		km_status_problem(status, "foreign", "cgroup_skb",
				  "cgroup_skb: program %u '%s' sits on or above %s without BPF_F_ALLOW_MULTI and keeps "
				  "ours out; it has to go, or `layers: [lookup]`",
				  packet->list[i].id, packet->list[i].name, places->cgroup_path);
}

void km_intact_check(struct km_pins *pins, const struct km_places *places, const char *missing, struct km_hold *hold,
		     struct km_status *status)
{
	look(pins, places, hold, status);
	if (pins->dir >= 0 && is_suspicious(hold, status)) {
		KM_AUTO_CLOSE int lock = km_pins_lock_writer(pins, false, NULL);

		if (lock >= 0)
			look(pins, places, hold, status);
	}
	report_hooks(missing, status);
	report_pins(pins, missing, hold, status);
	report_others(places, status);
}
