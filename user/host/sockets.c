/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "host/netlink.h"
#include "policy/addr.h"

#define TRIES 8

struct listeners {
	const unsigned *ports;
	size_t port_count;
	struct km_listener *list;
	size_t count, room;
};

static bool wanted(const struct listeners *listeners, unsigned port)
{
	for (size_t i = 0; i < listeners->port_count; i++)
		if (listeners->ports[i] == port)
			return true;
	return false;
}

static int add(struct listeners *listeners, const struct km_listener *listener)
{
	if (listeners->count == listeners->room) {
		size_t room = listeners->room ? listeners->room * 2 : 16;
		struct km_listener *list = realloc(listeners->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		listeners->list = list;
		listeners->room = room;
	}
	listeners->list[listeners->count++] = *listener;
	return 0;
}

static int add_listener(const struct nlmsghdr *message, void *context)
{
	const struct inet_diag_msg *diag = NLMSG_DATA(message);
	struct listeners *listeners = context;
	struct km_listener listener;
	const void *data;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || message->nlmsg_len < NLMSG_LENGTH(sizeof(*diag)) ||
	    !wanted(listeners, ntohs(diag->id.idiag_sport)))
		return 0;
	listener = (struct km_listener){
		.family = diag->idiag_family == AF_INET ? KM_V4 : KM_V6,
		.port = ntohs(diag->id.idiag_sport),
		.uid = diag->idiag_uid,
		.inode = diag->idiag_inode,
	};
	listener.ip = km_ip_from_bytes(listener.family, diag->id.idiag_src);
	data = km_netlink_attribute(message, sizeof(*diag), INET_DIAG_SKV6ONLY, sizeof(__u8));
	if (data)
		listener.v6only = *(const __u8 *)data;
	data = km_netlink_attribute(message, sizeof(*diag), INET_DIAG_CGROUP_ID, sizeof(__u64));
	/* Attributes are aligned to 4 bytes only. */
	if (data)
		memcpy(&listener.cgroup, data, sizeof(listener.cgroup));
	return add(listeners, &listener);
}

static int dump_listeners(int netns_fd, int af, struct listeners *listeners, struct km_err *err)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 fixed;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.fixed = {.sdiag_family = af, .sdiag_protocol = IPPROTO_TCP, .idiag_states = 1 << TCP_LISTEN},
	};

	return km_netlink_dump(netns_fd, NETLINK_SOCK_DIAG, &request.header, "the listening sockets", add_listener,
			       listeners, err);
}

int km_listeners_read(int netns_fd, const unsigned *ports, size_t port_count, struct km_listener **list, size_t *count,
		      struct km_err *err)
{
	struct listeners listeners = {.ports = ports, .port_count = port_count};
	int r, tries = 0;

	do {
		listeners.count = 0;
		r = dump_listeners(netns_fd, AF_INET, &listeners, err);
		if (!r)
			r = dump_listeners(netns_fd, AF_INET6, &listeners, err);
	} while (r == -EINTR && ++tries < TRIES);
	if (r) {
		free(listeners.list);
		if (r == -EINTR)
			return km_fail(err, EINTR,
				       "the listening sockets keep changing while they are read: try again");
		return r;
	}
	*list = listeners.list;
	*count = listeners.count;
	return 0;
}
