/* SPDX-License-Identifier: BSD-2-Clause */
#include "enforce.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/cgroup.h"
#include "host/sockets.h"
#include "kernel/image.h"
#include "kernel/links.h"
#include "kernel/neighbours.h"
#include "kernel/object.h"
#include "policy/compile.h"

/* Finds the slot of every service by its name, gives new names a free one, and describes the services in it. */
static int assign_slots(const struct km_policy *policy, int64_t now, struct km_name_row *rows, uint16_t *slots,
			struct km_err *err)
{
	for (size_t i = 0; i < KM_SLOTS; i++)
		rows[i].in_force = 0;
	for (unsigned s = 0; s < policy->config.service_count; s++) {
		const struct km_config_service *service = &policy->config.services[s];
		const struct km_rules *rules = &policy->rules[s];
		struct km_name_row *row = NULL;

		for (size_t i = 0; i < KM_SLOTS && !row; i++) {
			if (!strcmp(rows[i].name, service->name))
				row = &rows[i];
		}
		for (size_t i = 0; i < KM_SLOTS && !row; i++) {
			if (!rows[i].name[0])
				row = &rows[i];
		}
		if (!row)
			return km_fail(
				err, ENOSPC,
				"service '%s' has no room for its counters: %d names since the last `kubemoat unload`",
				service->name, KM_SLOTS);
		*row = (struct km_name_row){.in_force = 1,
					    .enforce = service->enforce,
					    .drop = service->drop,
					    .port_count = service->port_count,
					    .written = rules->written};
		memcpy(row->name, service->name, sizeof(row->name));
		for (unsigned i = 0; i < service->port_count; i++)
			row->ports[i] = service->ports[i];
		for (size_t i = 0; i < rules->count; i++) {
			if (rules->list[i].until > now)
				row->rules[rules->list[i].family]++;
		}
		slots[s] = row - rows;
	}
	return 0;
}

static size_t all_ports(const struct km_policy *policy, uint16_t ports[KM_PORTS])
{
	size_t count = 0;

	for (unsigned s = 0; s < policy->config.service_count; s++) {
		for (unsigned i = 0; i < policy->config.services[s].port_count && count < KM_PORTS; i++)
			ports[count++] = policy->config.services[s].ports[i];
	}
	return count;
}

/* Opens the cgroup to attach to; its path goes to *path. */
static int open_cgroup(const char *wanted, char path[KM_CGROUP_PATH], struct km_err *err)
{
	int r = 0;

	if (wanted)
		snprintf(path, KM_CGROUP_PATH, "%s", wanted);
	else
		r = km_cgroup_find(path, err);
	return r ? r : km_cgroup_open(path, err);
}

/*
 * True if every socket that listens on a guarded port lies below the cgroup. Where one does not, the packet layer would
 * not see its packets: then the lookup counts and refuses alone, and status says so.
 */
static bool covers_listeners(const struct km_host *host, int cgroup, const uint16_t *ports, size_t count,
			     const char *path, char notice[768])
{
	KM_AUTO_FREE struct km_listener *listeners = NULL;
	unsigned list[KM_PORTS];
	size_t found = 0;

	if (km_cgroup_is_root(cgroup))
		return true;
	for (size_t i = 0; i < count; i++)
		list[i] = ports[i];
	if (km_listeners_read(host->netns, list, count, &listeners, &found, NULL))
		return true;
	for (size_t i = 0; i < found; i++) {
		if (!listeners[i].cgroup || km_cgroup_covers(cgroup, listeners[i].cgroup, NULL))
			continue;
		snprintf(
			notice, 768,
			"a listener on port %u lies outside %.400s, the packet layer does not see it: mount the host's "
			"cgroup2 "
			"and name it with --cgroup",
			listeners[i].port, path);
		return false;
	}
	return true;
}

/* New programs (and maps, as far as they are not used again): filled before they are attached. */
static int swap_programs(const struct km_enforce *e, bool fresh, uint32_t class, int image, int cgroup,
			 const char *path, struct km_err *err)
{
	struct km_object object;
	int r = km_object_load(e->pins, class, fresh, e->host->netns_cookie, &object, err);

	if (r)
		return r;
	/* A packet layer that is new must stand before an image relies on it. */
	if (!fresh && cgroup >= 0)
		r = km_link_packet(e->pins, object.packet_prog, cgroup, path, err);
	if (!r)
		r = km_image_swap(object.images, 0, image, err);
	if (!r && fresh && cgroup >= 0)
		r = km_link_packet(e->pins, object.packet_prog, cgroup, path, err);
	if (!r)
		r = km_link_lookup(e->pins, object.lookup_prog, e->host->netns, err);
	if (!r)
		r = km_object_pin(e->pins, &object, err);
	km_object_close(&object);
	return r;
}

static int swap_image(const struct km_enforce *e, int image, struct km_err *err)
{
	KM_AUTO_CLOSE int images = km_pins_get(e->pins, KM_PIN_IMAGES, err);

	return images < 0 ? images : km_image_swap(images, 0, image, err);
}

/* The size class for an image: kept while it fits and is not four times too large, so that programs seldom change. */
static uint32_t pick_class(size_t bytes, uint32_t present)
{
	uint32_t class = km_image_class(bytes);

	return present >= class && present / 4 <= class && present ? present : class;
}

static bool healthy(const struct km_enforce *e, bool packet, int cgroup)
{
	struct km_hook hooks[KM_HOOK_COUNT];
	uint64_t id = 0;

	if (cgroup >= 0 && km_cgroup_id(cgroup, &id, NULL))
		id = 0;
	km_links_health(e->pins, packet, e->host->netns_inode, id, hooks);
	for (size_t i = 0; i < KM_HOOK_COUNT; i++) {
		if (hooks[i].wanted && !hooks[i].attached)
			return false;
	}
	return true;
}

int km_enforce(const struct km_enforce *e, bool *adopted, char notice[768], struct km_err *err)
{
	struct km_image_params params = {.generation = e->generation};
	bool packet = e->policy->config.packet_layer, whole;
	uint16_t ports[KM_PORTS];
	size_t port_count = all_ports(e->policy, ports);
	struct km_lines lines = {0};
	char path[KM_CGROUP_PATH] = "";
	KM_AUTO_CLOSE int cgroup = -1;
	KM_AUTO_CLOSE int image = -1;
	uint32_t class;
	int r;

	*notice = 0;
	r = km_neighbours_check(e->pins, e->host->netns_inode, ports, port_count, err);
	if (!r)
		r = assign_slots(e->policy, e->host->facts.now, e->rows, params.slot, err);
	if (!r && packet) {
		cgroup = open_cgroup(e->target->cgroup, path, err);
		r = cgroup < 0 ? cgroup : 0;
	}
	if (r)
		return r;
	if (packet)
		params.packet_layer = covers_listeners(e->host, cgroup, ports, port_count, path, notice);
	r = km_compile(e->policy, &e->host->facts, &params, &lines);
	if (r)
		return km_fail(err, -r,
			       r == -E2BIG ? "the policy needs more than %u MiB in the kernel; use wider prefixes"
					   : "no memory to compile the policy (limit %u MiB)",
			       KM_IMAGE_MAX_BYTES >> 20);
	class = pick_class((size_t)lines.count * KM_LINE, e->state->image_bytes);
	image = km_image_map(lines.data, (size_t)lines.count * KM_LINE, class, err);
	km_lines_free(&lines);
	if (image < 0)
		return image;
	/* A name's slot is reserved before anything counts in it. */
	r = km_book_set_names(e->book, e->rows, err);
	if (r)
		return r;
	whole = healthy(e, packet, cgroup);
	*adopted = whole;
	if (whole && !e->programs && class == e->state->image_bytes)
		r = swap_image(e, image, err);
	else
		r = swap_programs(e, !whole || class != e->state->image_bytes, class, image, cgroup, path, err);
	if (!r && !packet)
		r = km_link_packet_drop(e->pins, err);
	if (r)
		return r;
	e->state->image_bytes = class;
	e->state->packet_layer = packet;
	e->state->netns_inode = e->host->netns_inode;
	snprintf(e->state->cgroup, sizeof(e->state->cgroup), "%.*s", (int)sizeof(e->state->cgroup) - 1, path);
	return 0;
}
