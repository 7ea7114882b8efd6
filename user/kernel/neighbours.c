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
	if (!km_book_open(&other, false, &book, NULL)) {
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

int km_neighbours_check(const struct km_pins *pins, uint32_t netns_inode, const uint16_t *ports, size_t count,
			struct km_err *err)
{
	DIR *dir = opendir(pins->bpffs);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return km_fail(err, errno, "%s: %s", pins->bpffs, strerror(errno));
	while (!r && (entry = readdir(dir))) {
		char path[sizeof(pins->bpffs) + NAME_MAX + 16];
		unsigned port;

		if (entry->d_name[0] == '.' || !strcmp(entry->d_name, pins->name) ||
		    strlen(entry->d_name) > KM_NAME_MAX)
			continue;
		snprintf(path, sizeof(path), "%s/%s/" KM_PIN_LOOKUP, pins->bpffs, entry->d_name);
		if (access(path, F_OK))
			continue;
		port = shared_port(pins->bpffs, entry->d_name, netns_inode, ports, count);
		if (port)
			r = km_fail(
				err, EADDRINUSE,
				"port %u of this network namespace is guarded by instance '%s' already; give the two "
				"different ports, or `kubemoat unload --name %s`",
				port, entry->d_name, entry->d_name);
	}
	closedir(dir);
	return r;
}
