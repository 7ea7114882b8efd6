/* SPDX-License-Identifier: BSD-2-Clause */
/* The guarded network namespace: facts are read with sockets made inside it. Single-threaded callers only. */
#ifndef KM_NETNS_H
#define KM_NETNS_H

#include <stdint.h>

#include "error.h"

/* Opens --netns PATH, or the caller's own with NULL. A file descriptor (O_CLOEXEC) or -errno with *err. */
int km_netns_open(const char *path, struct km_err *err);
/* Inode of the namespace: its identity, as the kernel's link info shows it. */
int km_netns_inode(int netns_fd, unsigned *inode, struct km_err *err);
/* Its cookie (SO_NETNS_COOKIE), what bpf_get_netns_cookie() returns in it; 0 where the kernel has none (before 5.14).
 */
int km_netns_cookie(int netns_fd, uint64_t *cookie, struct km_err *err);
/* socket(family, type, protocol) made inside that namespace, O_CLOEXEC. */
int km_netns_socket(int netns_fd, int family, int type, int protocol, struct km_err *err);
/* Opens a file below /proc/sys/net for reading, as that namespace shows it, O_CLOEXEC. */
int km_netns_sysctl(int netns_fd, const char *path, struct km_err *err);

#endif
