/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of the host: every one of the guarded namespace, on whatever interface, lo's too. */
#ifndef KM_ADDRESSES_H
#define KM_ADDRESSES_H

#include <stddef.h>

#include "error.h"
#include "policy/policy.h"

/*
 * By rtnetlink, restarted when a dump was interrupted. *list malloc'ed, sorted, without duplicates. 0 or -errno.
 *
 * Besides the addresses of the interfaces, the single hosts (/32, /128) among the routes of type local in the table
 * local: an address of a VRF or one that some software routes to lo. Wider local routes (127.0.0.0/8, a block that a
 * proxy answers for) are left out: they name what arrives here, not what this host speaks from, and a connection of
 * the host itself to such an address has it as its source too, which is the host itself by that alone.
 */
int km_addresses_read(int netns_fd, struct km_own_address **list, size_t *count, struct km_err *err);

/* net.ipv4.ip_local_port_range of that namespace; {0, 0} if it cannot be read. */
void km_port_range_read(int netns_fd, unsigned range[2]);

#endif
