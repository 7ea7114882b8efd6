/* SPDX-License-Identifier: BSD-2-Clause */
/* Follows a path the way the kernel does, and watches each directory where it could come to lead elsewhere. */
#ifndef KM_WATCH_PATH_H
#define KM_WATCH_PATH_H

#include <stdbool.h>

#include "host/interest.h"

/* One round of watching: what was watched before, and what comes out. */
struct km_watching {
	int inotify;
	const struct km_interests *before;
	struct km_interests next;
	bool fresh; /* a directory was come upon that was not watched before */
};

/*
 * Watches all that leads to `path`, up to the first name that is missing. Every directory is watched before what it
 * holds is looked at, so that a change is either seen or gives an event. 0 or -errno.
 */
int km_watch_path(struct km_watching *watching, const char *path);

#endif
