/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/neighbours.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel/book.h"
#include "kernel/identity.h"

/* What its state says may be of a namespace that is gone, whose number another one has by now. */
static bool is_attached_there(const struct km_pins *other, uint32_t netns_inode)
{
	KM_AUTO_CLOSE int link = km_pins_get(other, KM_PIN_LOOKUP, NULL);
	struct km_attachment place;

	return link >= 0 && !km_link_read(link, &place) && place.where == netns_inode;
}

/* The port of `ports` that the other instance guards in that namespace, or 0. */
static unsigned shared_port(const char *bpffs, const char *name, uint32_t netns_inode, const uint16_t *ports,
			    size_t count)
{
	KM_AUTO_FREE struct km_name_row *rows = calloc(KM_SLOTS, sizeof(*rows));
	struct km_state state = {0};
	struct km_pins other;
	struct km_book book;
	unsigned port = 0;

	if (!rows || km_pins_open(bpffs, name, false, &other, NULL))
		return 0;
	if (is_attached_there(&other, netns_inode) && !km_book_open(&other, false, &book, NULL)) {
		if (!km_book_state(&book, &state, NULL) && state.netns_inode == netns_inode &&
		    !km_book_names(&book, rows, NULL)) {
			for (size_t i = 0; i < KM_SLOTS && !port; i++) {
				for (size_t j = 0; j < rows[i].port_count && rows[i].in_force && !port; j++) {
					for (size_t k = 0; k < count; k++) {
						if (rows[i].ports[j] == ports[k])
							port = ports[k];
					}
				}
			}
		}
		km_book_close(&book);
	}
	km_pins_close(&other);
	return port;
}

/* Calls visit for each other instance, by name, until one returns other than 0: that is the result. */
static int each_neighbour(const struct km_pins *pins, int (*visit)(const char *name, void *context), void *context)
{
	DIR *dir = opendir(pins->bpffs);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return -errno;
	while (!r && (entry = readdir(dir))) {
		char path[sizeof(pins->bpffs) + NAME_MAX + 16];

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, pins->name) ||
		    strlen(entry->d_name) > KM_NAME_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/%s/" KM_PIN_LOOKUP, pins->bpffs, entry->d_name);
		if (!access(path, F_OK))
			r = visit(entry->d_name, context);
	}
	closedir(dir);
	return r;
}

struct port_check {
	const char *bpffs;
	uint32_t netns_inode;
	const uint16_t *ports;
	size_t count;
	struct km_err *err;
};

static int check_ports(const char *name, void *context)
{
	const struct port_check *check = context;
	unsigned port = shared_port(check->bpffs, name, check->netns_inode, check->ports, check->count);

	if (!port)
		return 0;
	return km_fail(check->err, EADDRINUSE,
		       "port %u of this network namespace is guarded by instance '%s' already; give the two different "
		       "ports, or `kubemoat unload --name %s`",
		       port, name, name);
}

int km_neighbours_check(const struct km_pins *pins, uint32_t netns_inode, const uint16_t *ports, size_t count,
			struct km_err *err)
{
	struct port_check check = {pins->bpffs, netns_inode, ports, count, err};
	int r = each_neighbour(pins, check_ports, &check);

	return r && r != -EADDRINUSE ? km_fail(err, -r, "%s: %s", pins->bpffs, strerror(-r)) : r;
}

struct program_list {
	const char *bpffs;
	uint32_t *ids;
	size_t room, count;
};

static int add_programs(const char *name, void *context)
{
	static const char *const links[] = {KM_PIN_LOOKUP, KM_PIN_PACKET};
	struct program_list *list = context;
	struct km_pins other;

	if (km_pins_open(list->bpffs, name, false, &other, NULL))
		return 0;
	for (size_t i = 0; i < sizeof(links) / sizeof(*links) && list->count < list->room; i++) {
		KM_AUTO_CLOSE int link = km_pins_get(&other, links[i], NULL);
		struct km_attachment place;

		if (link >= 0 && !km_link_read(link, &place))
			list->ids[list->count++] = place.prog;
	}
	km_pins_close(&other);
	return 0;
}

size_t km_neighbours_programs(const struct km_pins *pins, uint32_t *ids, size_t room)
{
	struct program_list list = {.bpffs = pins->bpffs, .ids = ids, .room = room};

	each_neighbour(pins, add_programs, &list);
	return list.count;
}
