/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/watched.h"

#include <stdint.h>
#include <string.h>

#include <bpf/bpf.h>

#include "cleanup.h"
#include "kernel/identity.h"

void km_watch_image(const struct km_image *image, struct km_watched *watched)
{
	for (unsigned port = 0; port < 1 << 16; port++) {
		unsigned page = image->port_page[port >> 8];

		if (page && image->port[page & 127][port & 255])
			watched->port[km_watched_index(port)] = 1;
	}
}

/* What a map holds that is named and sized like the programs' own; false: another map. */
static bool read_watched(int map, struct km_watched *watched)
{
	uint32_t id, value_size, key = 0;
	char name[KM_OBJECT_NAME];

	return map >= 0 && !km_map_read(map, &id, name, &value_size) && !strcmp(name, KM_WATCHED_SECTION) &&
	       value_size == sizeof(*watched) && !bpf_map_lookup_elem(map, &key, watched);
}

/* Of what a program watches; false: it does not say. */
static bool find_watched(int program, struct km_watched *watched)
{
	struct km_program its;

	if (program < 0 || km_program_read(program, &its))
		return false;
	for (uint32_t i = 0; i < its.map_count; i++) {
		KM_AUTO_CLOSE int map = bpf_map_get_fd_by_id(its.maps[i]);

		if (read_watched(map, watched))
			return true;
	}
	return false;
}

bool km_watches(int program, const struct km_watched *watched)
{
	struct km_watched its;

	if (!find_watched(program, &its))
		return false;
	for (unsigned i = 0; i < KM_WATCHED; i++)
		if (watched->port[i] && !its.port[i])
			return false;
	return true;
}
