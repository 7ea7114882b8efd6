/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets of the guarded namespace, by sock_diag. */
#ifndef KM_SOCKETS_H
#define KM_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kubemoat.h"

struct km_listener {
	enum km_family family; /* of the socket */
	bool v6only;
	struct km_ip ip; /* bound address; all 0: any */
	uint16_t port;
	uint32_t uid;
	uint64_t inode;
	uint64_t cgroup; /* id, 0: the kernel does not say (before 5.7) */
};

/* Listening TCP sockets (MPTCP listeners are among them as TCP) on any of the ports. *list malloc'ed. 0 or -errno. */
int km_listeners_read(int netns_fd, const unsigned *ports, size_t port_count, struct km_listener **list, size_t *count,
		      struct km_err *err);

#endif
