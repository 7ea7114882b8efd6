/* SPDX-License-Identifier: BSD-2-Clause */
/* /proc/self/mountinfo, line by line. */
#ifndef KM_MOUNTINFO_H
#define KM_MOUNTINFO_H

#include <stdbool.h>

struct km_mount {
	unsigned id;	  /* as statx shows it in stx_mnt_id */
	const char *root; /* of the mount in its file system; cgroup2: as seen from the reader's cgroup namespace */
	const char *point;
	const char *type;
};

/*
 * Takes one line apart, in place: the strings of *mount point into it, octal escapes decoded. False if it is no
 * such line.
 */
bool km_mountinfo_line(char *line, struct km_mount *mount);

#endif
