/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/bpffs.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANCESTORS 64 /* looked at */

/* The parent of a process, 0: none that can be seen. */
static int parent_of(int pid)
{
	char path[64], line[512], *end;
	int parent = 0;
	size_t length;
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	stat = fopen(path, "re");
	if (!stat)
		return 0;
	/* pid (comm) state ppid: a comm may hold anything, its end is the last parenthesis. */
	length = fread(line, 1, sizeof(line) - 1, stat);
	line[length] = '\0';
	end = strrchr(line, ')');
	if (!end || sscanf(end, ") %*c %d", &parent) != 1)
		parent = 0;
	fclose(stat);
	return parent;
}

bool km_bpffs_private(const char *path)
{
	struct stat own, here;
	int pid = getpid();

	if (stat("/proc/self/ns/mnt", &own) || stat(path, &here))
		return false;
	for (unsigned i = 0; i < ANCESTORS && (pid = parent_of(pid)) > 0; i++) {
		char theirs[PATH_MAX + 32];
		struct stat ns, there;

		snprintf(theirs, sizeof(theirs), "/proc/%d/ns/mnt", pid);
		if (stat(theirs, &ns) || ns.st_ino == own.st_ino)
			continue;
		snprintf(theirs, sizeof(theirs), "/proc/%d/root/%s", pid, path);
		if (!stat(theirs, &there))
			return here.st_dev != there.st_dev;
	}
	return false;
}
