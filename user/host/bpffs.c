/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bpffs.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

bool km_bpffs_private(const char *path)
{
	char theirs[PATH_MAX + 16];
	struct stat mine, first, here, there;

	if (stat("/proc/self/ns/mnt", &mine) || stat("/proc/1/ns/mnt", &first) || mine.st_ino == first.st_ino)
		return false;
	snprintf(theirs, sizeof(theirs), "/proc/1/root/%s", path);
	return !stat(path, &here) && !stat(theirs, &there) && here.st_dev != there.st_dev;
}
