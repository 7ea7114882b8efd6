/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections to guarded ports, by sock_diag: which ones stand, and how to end one. */
#ifndef KM_CONNECTIONS_H
#define KM_CONNECTIONS_H

#include <linux/inet_diag.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kubemoat.h"

struct km_connection {
	enum km_family family; /* of the addresses: a mapped one is IPv4 */
	struct km_ip source, destination;
	uint16_t source_port, port; /* `port` is ours, the guarded one */
	bool half_open;		    /* a handshake that has not ended */
	bool revoked;		    /* its mark says that the packet layer has counted its end */
	uint64_t inode;		    /* of the socket; 0: no process has accepted it yet */
	struct inet_diag_req_v2 id; /* what names it to the kernel */
};

/*
 * Connections of the namespace to any of the ports, half-open ones and the subflows of MPTCP among them, that were
 * accepted by a listener: its local address is one that somebody listens on, and its mark in `marks_fd` (the socket
 * storage of the programs; -1: not to be had) is not that of this host's own outgoing connection. What both sides have
 * closed is left out. *list malloc'ed. 0 or -errno with *err.
 */
int km_connections_read(int netns_fd, const unsigned *ports, size_t port_count, int marks_fd,
			struct km_connection **list, size_t *count, struct km_err *err);

/*
 * Ends a connection: its processes get ECONNABORTED, its peer a reset. `diag_fd` is a NETLINK_SOCK_DIAG socket made in
 * its namespace. 0; -ENOENT: it had ended; -EOPNOTSUPP: this kernel cannot (CONFIG_INET_DIAG_DESTROY); else -errno.
 */
int km_connection_end(int diag_fd, const struct km_connection *connection);

/* This kernel cannot end a connection of the namespace. False: it can, or this process may not ask. */
bool km_connections_unendable(int netns_fd);

#endif
