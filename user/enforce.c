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
#include "images.h"
#include "kernel/carry.h"
#include "kernel/image.h"
#include "kernel/links.h"
#include "kernel/neighbours.h"
#include "kernel/object.h"
#include "kernel/others.h"
#include "kernel/watched.h"

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
 * True if every socket that listens on a guarded port lies below the cgroup. Where one does not, or where that cannot
 * be known, the packet layer would not see its packets: then the lookup counts and refuses alone, and status says so.
 */
static bool covers_listeners(const struct km_host *host, int cgroup, const uint16_t *ports, size_t count,
			     const char *path, char notice[768])
{
	KM_AUTO_FREE struct km_listener *listeners = NULL;
	unsigned list[KM_PORTS];
	struct km_err err = {};
	size_t found = 0;

	if (km_cgroup_is_root(cgroup))
		return true;
	for (size_t i = 0; i < count; i++)
		list[i] = ports[i];
	if (km_listeners_read(host->netns, list, count, &listeners, &found, &err)) {
		snprintf(notice, 768, "whether the packet layer covers who listens cannot be known: %.600s", err.text);
		return false;
	}
	for (size_t i = 0; i < found; i++) {
		if (km_cgroup_covers(cgroup, listeners[i].cgroup, NULL))
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

/* One way to put a policy in force. */
struct way {
	struct km_images images;
	uint32_t present;	   /* size class of what is in force; 0: nothing is */
	uint32_t class;		   /* to come */
	int cgroup;		   /* -1: without the packet layer */
	const char *path;	   /* of it */
	bool relies;		   /* the image counts on the packet layer */
	bool pushed;		   /* the images are in the maps */
	bool whole;		   /* what is attached is as it should be */
	bool watching;		   /* its programs watch all ports to come: another image is enough */
	bool packet_failed;	   /* out: the packet layer cannot be attached */
	struct km_watched watched; /* all that new programs would have to watch */
};

/* Names what keeps the packet layer out of that cgroup, where it can be seen. */
static int name_who_is_in_the_way(const struct km_enforce *e, const struct way *way, int r, struct km_err *err)
{
	struct km_others others;

	km_others_packet(e->pins, e->hold, way->cgroup, &others);
	if (r != -EPERM || !others.in_the_way)
		return r;
	return km_fail(
		err, EPERM,
		"cgroup_skb cannot be attached: program %u '%s' sits on or above %.512s without BPF_F_ALLOW_MULTI; "
		"it has to go (or `layers: [lookup]`)",
		others.list[0].id, others.list[0].name, way->path);
}

static int link_packet(const struct km_enforce *e, const struct km_object *object, struct way *way, struct km_err *err)
{
	int r;

	if (way->cgroup < 0)
		return 0;
	r = km_link_packet(e->pins, object->packet_prog, way->cgroup, way->path, err);
	way->packet_failed = r != 0;
	return r ? name_who_is_in_the_way(e, way, r, err) : 0;
}

static int push_images(const struct km_enforce *e, struct way *way, struct km_err *err)
{
	KM_AUTO_CLOSE int images = km_pins_get(e->pins, KM_PIN_IMAGES, err);

	return images < 0 ? images : km_images_push(&way->images, images, way->class, way->relies, err);
}

/* Fills new maps with what is in force, or with the new policy where nothing is, or nothing that they can hold. */
static int fill(const struct km_enforce *e, struct way *way, int images, struct km_err *err)
{
	KM_AUTO_CLOSE int present = km_pins_get(e->pins, KM_PIN_IMAGES, NULL);

	way->pushed = !way->present || way->present > way->class || e->book->taken_over;
	if (way->pushed)
		return km_images_push(&way->images, images, way->class, way->relies, err);
	return km_images_copy(present, way->present, images, way->class, way->images.count, err);
}

/*
 * Programs of the way's class, and maps as far as they cannot be used again, filled before anything is attached. Both
 * layers judge by one policy all the while, whichever of their links has been moved when this is killed.
 */
static int move_programs(const struct km_enforce *e, struct way *way, struct km_err *err)
{
	bool fresh = !way->whole || way->class != way->present;
	struct km_object object;
	struct km_carry carry;
	int r;

	way->pushed = false;
	km_carry_open(e->pins, &carry);
	r = km_object_load(e->pins, way->class, fresh, e->host->netns_cookie, &way->watched, &object, err);
	if (r) {
		km_carry_close(&carry);
		return r;
	}
	r = km_object_bind(&object, e->book, err);
	if (!r && fresh)
		r = fill(e, way, object.images, err);
	if (!r)
		r = link_packet(e, &object, way, err);
	if (!r)
		r = km_link_lookup(e->pins, object.lookup_prog, e->host->netns, err);
	if (!r)
		r = km_carry_over(&carry, &object, err);
	if (!r)
		r = km_object_pin(e->pins, &object, err);
	if (!r) {
		way->whole = way->watching = true;
		way->present = way->class;
	}
	km_carry_close(&carry);
	km_object_close(&object);
	return r;
}

/*
 * Programs and policy never change in one step: a writer killed between the two links would leave each layer with
 * another policy. Programs come first, and a packet layer that is new stands before an image relies on it; only those
 * of a smaller class come last, since what was in force may not fit them.
 */
static int go(const struct km_enforce *e, struct way *way, struct km_err *err)
{
	uint32_t class = way->class;
	int r = 0;

	if (way->class < way->present)
		way->class = way->present;
	if (!way->whole || !way->watching || e->programs || way->class != way->present)
		r = move_programs(e, way, err);
	if (!r && !way->pushed)
		r = push_images(e, way, err);
	if (r || way->class == class)
		return r;
	/* The policy is in force. Where it cannot be moved, it stays in the larger maps. */
	way->class = class;
	move_programs(e, way, &(struct km_err){});
	return 0;
}

/*
 * Where something is in force already, a packet layer that somebody keeps out is no reason to leave the rest as it is:
 * an image that relies on the layer would let `deny: drop` pass. The lookup refuses alone, and status says why.
 */
static int go_without_packet(const struct km_enforce *e, struct way *way, char notice[768], struct km_err *err)
{
	snprintf(notice, 768, "%s", err->text);
	way->cgroup = -1;
	way->relies = false;
	return go(e, way, err);
}

/*
 * New programs meet the images to come, and those in force until then. Programs that are there already, and of one
 * piece with them, watch what is in force.
 */
static int find_watched(const struct km_enforce *e, struct way *way, struct km_err *err)
{
	KM_AUTO_CLOSE int images = km_pins_get(e->pins, KM_PIN_IMAGES, NULL);

	km_images_watch(&way->images, &way->watched);
	way->watching = km_watches(e->hold->fd[KM_HELD_LOOKUP_PROG], &way->watched) &&
			km_watches(e->hold->fd[KM_HELD_PACKET_PROG], &way->watched);
	return way->present ? km_image_watch_all(images, &way->watched, err) : 0;
}

static uint32_t present_class(const struct km_pins *pins)
{
	KM_AUTO_CLOSE int images = km_pins_get(pins, KM_PIN_IMAGES, NULL);

	return images < 0 ? 0 : km_image_present_class(images);
}

/* The size class for an image: kept while it fits and is not four times too large, so that programs seldom change. */
static uint32_t pick_class(size_t bytes, uint32_t present)
{
	uint32_t class = km_image_class(bytes);

	return present >= class && present / 4 <= class && present ? present : class;
}

/* Attached as it should be, pins and all, and of one piece: a writer may have been killed between two pins. */
static bool is_whole(const struct km_enforce *e, bool packet, int cgroup)
{
	struct km_hook hooks[KM_HOOK_COUNT];
	uint64_t id = 0;

	if (cgroup >= 0 && km_cgroup_id(cgroup, &id, NULL))
		id = 0;
	km_links_health(e->hold, packet, e->host->netns_inode, id, hooks);
	for (size_t i = 0; i < KM_HOOK_COUNT; i++) {
		if (hooks[i].wanted && !hooks[i].attached)
			return false;
	}
	return km_hold_is_whole(e->hold);
}

/* The slots of a policy whose services have rows already: the one that a trial goes back to. */
static void find_slots(const struct km_policy *policy, const struct km_name_row *rows, uint16_t *slots)
{
	for (unsigned s = 0; s < policy->config.service_count; s++)
		for (uint16_t i = 0; i < KM_SLOTS; i++)
			if (!strcmp(rows[i].name, policy->config.services[s].name))
				slots[s] = i;
}

static int compile(const struct km_enforce *e, const struct km_image_params *params, struct km_images *images,
		   struct km_err *err)
{
	struct km_way_back back = {.policy = e->back, .params.generation = e->back_generation, .at = e->back_at};

	if (e->back)
		find_slots(e->back, e->rows, back.params.slot);
	return km_images_compile(e->policy, &e->host->facts, e->host->boot, params, &back, images, err);
}

int km_enforce(const struct km_enforce *e, bool *adopted, char notice[768], struct km_err *err)
{
	struct km_image_params params = {.generation = e->generation};
	bool packet = e->policy->config.packet_layer;
	uint16_t ports[KM_PORTS];
	size_t port_count = all_ports(e->policy, ports);
	char path[KM_CGROUP_PATH] = "";
	KM_AUTO_CLOSE int cgroup = -1;
	struct way way = {};
	int r;

	*notice = 0;
	r = km_neighbours_check(e->pins, e->host->netns_inode, ports, port_count, err);
	if (!r)
		r = assign_slots(e->policy, e->host->facts.now, e->rows, params.slot, err);
	if (!r && packet) {
		cgroup = open_cgroup(e->target->cgroup, path, err);
		r = cgroup < 0 ? cgroup : 0;
	}
	if (!r)
		r = compile(e, &params, &way.images, err);
	/* A name's slot is reserved before anything counts in it. */
	if (!r)
		r = km_book_set_names(e->book, e->rows, err);
	if (!r) {
		/* Another layout knows other sizes. */
		way.present = e->book->taken_over ? 0 : present_class(e->pins);
		way.class = pick_class(km_images_bytes(&way.images), way.present);
		way.cgroup = cgroup;
		way.path = path;
		way.relies = packet && covers_listeners(e->host, cgroup, ports, port_count, path, notice);
		way.whole = *adopted = is_whole(e, packet, cgroup);
		r = find_watched(e, &way, err) ?: go(e, &way, err);
		if (r && way.packet_failed && e->state->generation)
			r = go_without_packet(e, &way, notice, err);
	}
	km_images_free(&way.images);
	if (!r && !packet)
		r = km_link_packet_drop(e->pins, err);
	if (r)
		return r;
	e->state->packet_layer = packet;
	e->state->relied = way.relies;
	e->state->netns_inode = e->host->netns_inode;
	snprintf(e->state->cgroup, sizeof(e->state->cgroup), "%.*s", (int)sizeof(e->state->cgroup) - 1, path);
	return 0;
}
