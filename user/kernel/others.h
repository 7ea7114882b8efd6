/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of others on the hooks that we use: named, never touched. */
#ifndef KM_OTHERS_H
#define KM_OTHERS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/hold.h"
#include "kernel/identity.h"
#include "kernel/pins.h"

#define KM_OTHERS 8 /* kept with their names */

struct km_other {
	uint32_t id;
	char name[KM_OBJECT_NAME];
};

struct km_others {
	struct km_other list[KM_OTHERS];
	unsigned count;	 /* in the list */
	unsigned more;	 /* beyond it */
	bool in_the_way; /* attached in a manner that keeps ours out */
};

/* Neither of this instance (hold) nor of another one in the same BPF file system. Nothing if they cannot be asked. */
void km_others_lookup(const struct km_pins *pins, const struct km_hold *hold, int netns_fd, struct km_others *others);
/* On the cgroup; above it only those in the way. */
void km_others_packet(const struct km_pins *pins, const struct km_hold *hold, int cgroup_fd, struct km_others *others);

#endif
