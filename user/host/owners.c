/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/owners.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

static int by_inode(const void *a, const void *b)
{
	const struct km_owner *left = a, *right = b;

	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

static void read_comm(int proc_fd, const char *pid, char comm[16])
{
	char path[sizeof("2147483647/comm")];
	KM_AUTO_CLOSE int fd = -1;
	ssize_t size = 0;

	snprintf(path, sizeof(path), "%.10s/comm", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		size = read(fd, comm, 16);
	if (size <= 0) {
		comm[0] = '\0';
		return;
	}
	/* The kernel ends it with a newline, the sixteenth byte at the latest. */
	comm[size - 1] = '\0';
}

/* Inode of the socket that a descriptor is ("socket:[812]"), 0: it is none. */
static uint64_t socket_of(int dir_fd, const char *name)
{
	char target[64];
	ssize_t size = readlinkat(dir_fd, name, target, sizeof(target) - 1);
	uint64_t inode;

	if (size < 0)
		return 0;
	target[size] = '\0';
	return sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1 ? inode : 0;
}

/* The first process that is seen with a socket is its owner. How many were found. */
static size_t look_at(int proc_fd, const char *pid, struct km_owner *list, size_t count)
{
	char path[sizeof("2147483647/fd")];
	struct dirent *entry;
	size_t found = 0;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "%.10s/fd", pid);
	fd = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return 0;
	}
	while ((entry = readdir(dir))) {
		struct km_owner question = {.inode = socket_of(fd, entry->d_name)}, *owner;

		if (!question.inode)
			continue;
		owner = bsearch(&question, list, count, sizeof(*list), by_inode);
		if (!owner || owner->pid)
			continue;
		owner->pid = atoi(pid);
		read_comm(proc_fd, pid, owner->comm);
		found++;
	}
	closedir(dir);
	return found;
}

void km_socket_owners(struct km_owner *list, size_t count)
{
	struct dirent *entry;
	size_t found = 0;
	DIR *proc;

	for (size_t i = 0; i < count; i++) {
		list[i].pid = 0;
		list[i].comm[0] = '\0';
	}
	if (count)
		qsort(list, count, sizeof(*list), by_inode);
	proc = count ? opendir("/proc") : NULL;
	if (!proc)
		return;
	while (found < count && (entry = readdir(proc)))
		if (isdigit((unsigned char)entry->d_name[0]))
			found += look_at(dirfd(proc), entry->d_name, list, count);
	closedir(proc);
}

const struct km_owner *km_owner_find(const struct km_owner *list, size_t count, uint64_t inode)
{
	const struct km_owner question = {.inode = inode}, *owner;

	owner = count ? bsearch(&question, list, count, sizeof(*list), by_inode) : NULL;
	return owner && owner->pid ? owner : NULL;
}

bool km_socket_owner(uint64_t inode, int *pid, char comm[16])
{
	struct km_owner owner = {.inode = inode};

	km_socket_owners(&owner, 1);
	if (!owner.pid)
		return false;
	*pid = owner.pid;
	memcpy(comm, owner.comm, sizeof(owner.comm));
	return true;
}
