/* SPDX-License-Identifier: BSD-2-Clause */
/* One netlink dump inside the guarded namespace: request out, messages in. For addresses and sockets. */
#ifndef KM_NETLINK_H
#define KM_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

#include "error.h"

/* One message of a dump; `context` is the caller's. 0 to go on, -errno to stop. */
typedef int km_netlink_each(const struct nlmsghdr *message, void *context);

/*
 * Sends `request` (NLM_F_REQUEST | NLM_F_DUMP, nlmsg_len set) on a socket of that netlink protocol and calls `each`
 * for every message that comes back, in a buffer of its own. 0; -EINTR: what was dumped changed meanwhile, dump
 * again; what `each` returned; else -errno with *err, which names `what`.
 */
int km_netlink_dump(int netns_fd, int protocol, const struct nlmsghdr *request, const char *what, km_netlink_each *each,
		    void *context, struct km_err *err);

/* The attribute of that type behind a fixed part of `fixed` bytes, with at least `size` bytes of data; or NULL. */
const void *km_netlink_attribute(const struct nlmsghdr *message, size_t fixed, unsigned type, size_t size);

/* The same for a nested attribute of any size, and for what is nested in it: the attribute itself, or NULL. */
const struct rtattr *km_netlink_nested(const struct nlmsghdr *message, size_t fixed, unsigned type);
const struct rtattr *km_netlink_within(const struct rtattr *outer, unsigned type);

/*
 * Sends `request` (NLM_F_REQUEST | NLM_F_ACK) on a netlink socket and waits for the answer: 0, or the -errno that the
 * kernel gives.
 */
int km_netlink_order(int fd, const struct nlmsghdr *request);

#endif
