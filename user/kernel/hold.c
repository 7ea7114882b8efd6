/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/hold.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cleanup.h"
#include "kernel/book.h"
#include "kernel/identity.h"
#include "kernel/image.h"
#include "kernel/watched.h"

const char *const km_held_names[KM_HELD_COUNT] = {
	[KM_HELD_STATE] = KM_PIN_STATE,
	[KM_HELD_NAMES] = KM_PIN_NAMES,
	[KM_HELD_IMAGES] = KM_PIN_IMAGES,
	[KM_HELD_COUNTERS] = KM_PIN_COUNTERS,
	[KM_HELD_DENIALS] = KM_PIN_DENIALS,
	[KM_HELD_MARKS] = KM_PIN_MARKS,
	[KM_HELD_CPUS] = KM_PIN_CPUS,
	[KM_HELD_CLAIMS] = KM_PIN_CLAIMS,
	[KM_HELD_CUTS] = KM_PIN_CUTS,
	[KM_HELD_ARRIVALS] = KM_PIN_ARRIVALS,
	[KM_HELD_SEEN] = KM_PIN_SEEN,
	[KM_HELD_PACKET_PROG] = KM_PIN_PACKET_PROG,
	[KM_HELD_LOOKUP_PROG] = KM_PIN_LOOKUP_PROG,
	[KM_HELD_PACKET] = KM_PIN_PACKET,
	[KM_HELD_LOOKUP] = KM_PIN_LOOKUP,
};

/* What belongs together: a layer's link and its program. */
static const struct layer {
	enum km_held link, prog;
	const char *prog_name;
} layers[] = {
	{KM_HELD_LOOKUP, KM_HELD_LOOKUP_PROG, "km_lookup"},
	{KM_HELD_PACKET, KM_HELD_PACKET_PROG, "km_packet"},
};

#define LAYERS (sizeof(layers) / sizeof(*layers))
#define MAPS KM_HELD_PACKET_PROG /* what comes before is a map */

void km_hold_init(struct km_hold *hold)
{
	*hold = (struct km_hold){};
	for (unsigned i = 0; i < KM_HELD_COUNT; i++)
		hold->fd[i] = -1;
}

void km_hold_close(struct km_hold *hold)
{
	for (unsigned i = 0; i < KM_HELD_COUNT; i++)
		if (hold->fd[i] >= 0)
			close(hold->fd[i]);
	km_hold_init(hold);
}

static void replace(struct km_hold *hold, enum km_held which, int fd)
{
	if (hold->fd[which] >= 0)
		close(hold->fd[which]);
	hold->fd[which] = fd;
}

/* What is pinned there, if it is ours: `ours` says so. Else what was held stays. */
static void take(struct km_hold *hold, enum km_held which, int fd, bool ours)
{
	hold->pinned[which] = fd >= 0 && ours;
	hold->another[which] = fd >= 0 && !ours;
	if (hold->pinned[which])
		replace(hold, which, fd);
	else if (fd >= 0)
		close(fd);
}

static bool is_program(int fd, const char *name)
{
	struct km_program program;

	return fd >= 0 && !km_program_read(fd, &program) && !strcmp(program.name, name);
}

static uint32_t prog_id(int fd)
{
	struct km_program program;

	return fd < 0 || km_program_read(fd, &program) ? 0 : program.id;
}

/* Another version's state: its pins are for it to look after. */
static bool is_of_another_layout(int state)
{
	return state >= 0 && km_book_is_ours(state) && km_book_check_layout(state, NULL) == -EPROTO;
}

/*
 * A link is ours if it runs our program. One that does not may still be our own, changed by BPF_LINK_UPDATE; but not
 * where ours is held, attached, and another one.
 */
static bool is_our_link(const struct km_hold *hold, const struct layer *layer, int fd)
{
	struct km_attachment pinned, held;

	if (km_link_read(fd, &pinned))
		return false;
	if (hold->fd[layer->link] < 0 || km_link_read(hold->fd[layer->link], &held) || !held.where)
		return true;
	return pinned.link == held.link || pinned.prog == prog_id(hold->fd[layer->prog]);
}

/* The link that runs that program, whoever holds it; -1: none. */
static int find_link(uint32_t prog)
{
	uint32_t id = 0;

	while (prog && !bpf_link_get_next_id(id, &id)) {
		KM_AUTO_CLOSE int link = bpf_link_get_fd_by_id(id);
		struct km_attachment place;

		if (link >= 0 && !km_link_read(link, &place) && place.prog == prog && place.where)
			return KM_TAKE_FD(link);
	}
	return -1;
}

/* The program that a link runs, if it is that one of ours; -1: not. */
static int find_program(int link, const char *name)
{
	KM_AUTO_CLOSE int prog = -1;
	struct km_attachment place;

	if (link < 0 || km_link_read(link, &place))
		return -1;
	prog = bpf_prog_get_fd_by_id(place.prog);
	return is_program(prog, name) ? KM_TAKE_FD(prog) : -1;
}

static void look_at_layer(struct km_hold *hold, const struct km_pins *pins, const struct layer *layer)
{
	int prog = km_pins_get(pins, km_held_names[layer->prog], NULL);
	int link = km_pins_get(pins, km_held_names[layer->link], NULL);

	take(hold, layer->prog, prog, is_program(prog, layer->prog_name));
	take(hold, layer->link, link, is_our_link(hold, layer, link));
	if (hold->fd[layer->prog] < 0)
		hold->fd[layer->prog] = find_program(hold->fd[layer->link], layer->prog_name);
	if (hold->fd[layer->link] < 0)
		hold->fd[layer->link] = find_link(prog_id(hold->fd[layer->prog]));
}

static bool any_uses(const struct km_program programs[LAYERS], uint32_t map)
{
	for (size_t i = 0; i < LAYERS; i++)
		if (km_program_uses(&programs[i], map))
			return true;
	return false;
}

/* The map of that name that the programs work on; -1: none. */
static int find_map(const struct km_program programs[LAYERS], const char *name)
{
	for (size_t i = 0; i < LAYERS; i++) {
		for (uint32_t j = 0; j < programs[i].map_count; j++) {
			KM_AUTO_CLOSE int map = bpf_map_get_fd_by_id(programs[i].maps[j]);
			char its_name[KM_OBJECT_NAME];
			uint32_t id;

			if (map >= 0 && !km_map_read(map, &id, its_name, NULL) && !strcmp(its_name, name))
				return KM_TAKE_FD(map);
		}
	}
	return -1;
}

static void look_at_maps(struct km_hold *hold, const struct km_pins *pins)
{
	struct km_program programs[LAYERS] = {};
	bool loaded = false;

	for (size_t i = 0; i < LAYERS; i++)
		if (hold->fd[layers[i].prog] >= 0 && !km_program_read(hold->fd[layers[i].prog], &programs[i]))
			loaded = true;
	for (unsigned which = 0; which < MAPS; which++) {
		int map = km_pins_get(pins, km_held_names[which], NULL);
		char name[KM_OBJECT_NAME];
		uint32_t id;

		/* Until the first programs are loaded nothing says whose a map is. */
		take(hold, which, map,
		     map >= 0 && !km_map_read(map, &id, name, NULL) && (!loaded || any_uses(programs, id)));
		if (hold->fd[which] < 0)
			hold->fd[which] = find_map(programs, km_held_names[which]);
	}
}

/* `layers: [lookup]` took the packet layer away: held, it would go on. */
static void let_go_of_packet(struct km_hold *hold)
{
	const struct km_book book = {.state = hold->fd[KM_HELD_STATE], .names = -1};
	struct km_state state;

	if (hold->pinned[KM_HELD_PACKET] || book.state < 0)
		return;
	if (!km_book_state(&book, &state, NULL) && !state.packet_layer)
		replace(hold, KM_HELD_PACKET, -1);
}

void km_hold_look(struct km_hold *hold, const struct km_pins *pins)
{
	KM_AUTO_CLOSE int state = km_pins_get(pins, KM_PIN_STATE, NULL);

	if (is_of_another_layout(state)) {
		km_hold_close(hold);
		return;
	}
	for (size_t i = 0; i < LAYERS; i++)
		look_at_layer(hold, pins, &layers[i]);
	look_at_maps(hold, pins);
	let_go_of_packet(hold);
}

bool km_hold_unpinned(const struct km_hold *hold)
{
	for (unsigned i = 0; i < KM_HELD_COUNT; i++)
		if (hold->fd[i] >= 0 && !hold->pinned[i])
			return true;
	return false;
}

int km_hold_put_back(struct km_hold *hold, const struct km_pins *pins, struct km_err *err)
{
	for (unsigned i = 0; i < KM_HELD_COUNT; i++) {
		int r = 0;

		if (hold->fd[i] < 0 || hold->pinned[i])
			continue;
		r = km_pins_put(pins, km_held_names[i], hold->fd[i], err);
		if (r)
			return r;
		hold->pinned[i] = true;
		hold->another[i] = false;
	}
	return 0;
}

/* Programs that were replaced may share every map with those that came after them, but not what they look at. */
static bool watches_all(const struct km_hold *hold)
{
	struct km_watched watched = {};

	return !km_image_watch_all(hold->fd[KM_HELD_IMAGES], &watched, NULL) &&
	       km_watches(hold->fd[KM_HELD_LOOKUP_PROG], &watched) &&
	       km_watches(hold->fd[KM_HELD_PACKET_PROG], &watched);
}

bool km_hold_is_whole(const struct km_hold *hold)
{
	static const enum km_held shared[] = {KM_HELD_IMAGES, KM_HELD_COUNTERS, KM_HELD_DENIALS, KM_HELD_CPUS};

	for (size_t i = 0; i < LAYERS; i++) {
		struct km_program program;

		if (hold->fd[layers[i].prog] < 0 || km_program_read(hold->fd[layers[i].prog], &program))
			return false;
		for (size_t j = 0; j < sizeof(shared) / sizeof(*shared); j++) {
			char name[KM_OBJECT_NAME];
			uint32_t id;

			if (hold->fd[shared[j]] < 0 || km_map_read(hold->fd[shared[j]], &id, name, NULL) ||
			    !km_program_uses(&program, id))
				return false;
		}
	}
	return watches_all(hold);
}
