/* SPDX-License-Identifier: BSD-2-Clause */
/* Which cgroup v2 directory to attach to, and what lies below it. */
#ifndef KM_CGROUP_H
#define KM_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define KM_CGROUP_PATH 4096

/*
 * The cgroup2 mount in /proc/self/mountinfo whose root directory has inode 1 (the true root; a bind mount of the
 * host's shows /.. as its root), else the widest (root field of nothing but /.., the most of them; then "/", then the
 * shortest). Octal escapes decoded.
 * 0; -ENOENT with *err: none mounted (or hidden by another mount), and what to mount.
 */
int km_cgroup_find(char path[KM_CGROUP_PATH], struct km_err *err);

/* Opens a directory and makes sure that it is cgroup2. A file descriptor or -errno with *err. */
int km_cgroup_open(const char *path, struct km_err *err);

/* True if the directory is the true root of the hierarchy (inode 1): it covers everything. */
bool km_cgroup_is_root(int cgroup_fd);

/* Id of the cgroup (its file handle's number, what INET_DIAG_CGROUP_ID shows). */
int km_cgroup_id(int cgroup_fd, uint64_t *id, struct km_err *err);

/*
 * True if the cgroup with that id is the directory itself or below it; *path (may be NULL) its path relative to it:
 * "/" for itself, "/a/b"; "" where the true root covers a cgroup that is gone or not to be seen. Walks the
 * directories below, so it needs no privilege; id 0 (the kernel does not say) is covered by the true root alone.
 */
bool km_cgroup_covers(int cgroup_fd, uint64_t id, char path[KM_CGROUP_PATH]);

#endif
