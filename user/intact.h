/* SPDX-License-Identifier: BSD-2-Clause */
/* Is everything of an instance where it belongs? Part of status: what the kernel says, not what bpffs lists. */
#ifndef KM_INTACT_H
#define KM_INTACT_H

#include <stdbool.h>

#include "host/cgroup.h"
#include "kernel/hold.h"
#include "kernel/pins.h"
#include "status.h"

/* The places that an instance guards, as file descriptors of this process. */
struct km_places {
	int netns; /* -1: another one than the caller's, unknown here */
	int cgroup;
	char cgroup_path[KM_CGROUP_PATH];
};

/*
 * Fills status->hooks, and adds a problem for each link, pin and foreign program that is not as it should be. *hold is
 * looked at again. `missing`: why there is no directory of pins, or NULL. Where something is wrong the writers' lock is
 * awaited and all of it looked at once more: a change half-way is none.
 */
void km_intact_check(struct km_pins *pins, const struct km_places *places, const char *missing, struct km_hold *hold,
		     struct km_status *status);

#endif
