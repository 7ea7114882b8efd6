/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "host/netlink.h"
#include "host/netns.h"
#include "host/sockets.h"
#include "policy/addr.h"

#define TRIES 8

/* States in which data can still go one way or the other; a handshake under way is SYN_RECV. */
#define STATES \
	(1 << TCP_ESTABLISHED | 1 << TCP_SYN_RECV | 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE_WAIT)

struct connections {
	const unsigned *ports;
	size_t port_count;
	struct km_listener *listeners;
	size_t listener_count;
	struct km_connection *list;
	size_t count, room;
};

/* The four bytes of an IPv4 address that an IPv6 one stands for, or NULL. */
static const void *mapped(const void *bytes)
{
	const struct in6_addr *ip = bytes;

	return IN6_IS_ADDR_V4MAPPED(ip) ? &ip->s6_addr32[3] : NULL;
}

/* An address of a socket as the packets have it. */
static enum km_family plain_address(enum km_family family, const void *bytes, struct km_ip *ip)
{
	const void *v4 = family == KM_V6 ? mapped(bytes) : bytes;

	*ip = km_ip_from_bytes(v4 ? KM_V4 : KM_V6, v4 ?: bytes);
	return v4 ? KM_V4 : KM_V6;
}

static bool accepts(const struct km_listener *listener, const struct km_connection *connection)
{
	static const struct km_ip any;
	unsigned char bytes[16] = {0};
	enum km_family family;
	struct km_ip ip;

	if (listener->port != connection->port)
		return false;
	if (!km_ip_compare(listener->ip, any))
		return listener->family == connection->family || (listener->family == KM_V6 && !listener->v6only);
	km_ip_to_bytes(listener->family, listener->ip, bytes);
	family = plain_address(listener->family, bytes, &ip);
	return family == connection->family && !km_ip_compare(ip, connection->destination);
}

/*
 * What a socket that connected from here and one that was accepted have in common is the port. A mark tells them apart
 * if the packet layer saw the handshake; where nobody listens on the address nothing can have been accepted there.
 */
static bool was_accepted(const struct connections *connections, const struct km_connection *connection,
			 const struct km_mark *mark)
{
	if (mark->kind)
		return mark->kind != KM_MARK_OWN;
	for (size_t i = 0; i < connections->listener_count; i++)
		if (accepts(&connections->listeners[i], connection))
			return true;
	return false;
}

static bool guarded(const struct connections *connections, unsigned port)
{
	for (size_t i = 0; i < connections->port_count; i++)
		if (connections->ports[i] == port)
			return true;
	return false;
}

/* The value that the programs' storage has for the socket: zero if it has none. */
static void read_mark(const struct nlmsghdr *message, struct km_mark *mark)
{
	const struct rtattr *storages, *value;

	memset(mark, 0, sizeof(*mark));
	storages = km_netlink_nested(message, sizeof(struct inet_diag_msg), INET_DIAG_SK_BPF_STORAGES);
	storages = storages ? km_netlink_within(storages, SK_DIAG_BPF_STORAGE) : NULL;
	value = storages ? km_netlink_within(storages, SK_DIAG_BPF_STORAGE_MAP_VALUE) : NULL;
	if (value && RTA_PAYLOAD(value) >= sizeof(*mark))
		memcpy(mark, RTA_DATA(value), sizeof(*mark));
}

static int add(struct connections *connections, const struct km_connection *connection)
{
	if (connections->count == connections->room) {
		size_t room = connections->room ? 2 * connections->room : 64;
		struct km_connection *list = reallocarray(connections->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		connections->list = list;
		connections->room = room;
	}
	connections->list[connections->count++] = *connection;
	return 0;
}

static int add_connection(const struct nlmsghdr *message, void *context)
{
	const struct inet_diag_msg *diag = NLMSG_DATA(message);
	struct connections *connections = context;
	struct km_connection connection;
	struct km_mark mark;
	enum km_family family;

	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || message->nlmsg_len < NLMSG_LENGTH(sizeof(*diag)) ||
	    !guarded(connections, ntohs(diag->id.idiag_sport)))
		return 0;
	/* Its process has let go of it and its end is sent: what the peer still says goes nowhere. */
	if ((diag->idiag_state == TCP_FIN_WAIT1 || diag->idiag_state == TCP_FIN_WAIT2) && !diag->idiag_inode)
		return 0;
	family = diag->idiag_family == AF_INET ? KM_V4 : KM_V6;
	connection = (struct km_connection){
		.source_port = ntohs(diag->id.idiag_dport),
		.port = ntohs(diag->id.idiag_sport),
		.half_open = diag->idiag_state == TCP_SYN_RECV,
		.inode = diag->idiag_inode,
		.id = {.sdiag_family = diag->idiag_family, .sdiag_protocol = IPPROTO_TCP, .id = diag->id},
	};
	connection.family = plain_address(family, diag->id.idiag_dst, &connection.source);
	plain_address(family, diag->id.idiag_src, &connection.destination);
	read_mark(message, &mark);
	connection.revoked = mark.revoked;
	return was_accepted(connections, &connection, &mark) ? add(connections, &connection) : 0;
}

/* With the storage, if there is one: the kernel sends it along with each socket that has a value in it. */
static int dump(int netns_fd, int af, int marks_fd, struct connections *connections, struct km_err *err)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 fixed;
		struct rtattr storages;
		struct rtattr map;
		uint32_t map_fd;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.fixed = {.sdiag_family = af, .sdiag_protocol = IPPROTO_TCP, .idiag_states = STATES},
		.storages = {.rta_len = 2 * sizeof(struct rtattr) + sizeof(uint32_t),
			     .rta_type = INET_DIAG_REQ_SK_BPF_STORAGES | NLA_F_NESTED},
		.map = {.rta_len = sizeof(struct rtattr) + sizeof(uint32_t),
			.rta_type = SK_DIAG_BPF_STORAGE_REQ_MAP_FD},
		.map_fd = marks_fd,
	};

	if (marks_fd < 0)
		request.header.nlmsg_len -= request.storages.rta_len;
	return km_netlink_dump(netns_fd, NETLINK_SOCK_DIAG, &request.header, "the connections", add_connection,
			       connections, err);
}

int km_connections_read(int netns_fd, const unsigned *ports, size_t port_count, int marks_fd,
			struct km_connection **list, size_t *count, struct km_err *err)
{
	struct connections connections = {.ports = ports, .port_count = port_count};
	KM_AUTO_FREE struct km_listener *listeners = NULL;
	int r, tries = 0;

	r = km_listeners_read(netns_fd, ports, port_count, &listeners, &connections.listener_count, err);
	if (r)
		return r;
	connections.listeners = listeners;
	do {
		connections.count = 0;
		r = dump(netns_fd, AF_INET, marks_fd, &connections, err);
		if (!r)
			r = dump(netns_fd, AF_INET6, marks_fd, &connections, err);
	} while (r == -EINTR && ++tries < TRIES);
	if (r) {
		free(connections.list);
		return r == -EINTR ? km_fail(err, EINTR, "the connections keep changing while they are read: try again")
				   : r;
	}
	*list = connections.list;
	*count = connections.count;
	return 0;
}

int km_connection_end(int diag_fd, const struct km_connection *connection)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 fixed;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = SOCK_DESTROY,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK},
		.fixed = connection->id,
	};
	int r = km_netlink_order(diag_fd, &request.header);

	/* The cookie is another socket's by now. */
	return r == -ESTALE ? -ENOENT : r;
}

bool km_connections_unendable(int netns_fd)
{
	/* Of no socket: its port is 0. */
	static const struct km_connection nobody = {.id = {.sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_TCP}};
	KM_AUTO_CLOSE int diag = km_netns_socket(netns_fd, AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG, NULL);

	return diag >= 0 && km_connection_end(diag, &nobody) == -EOPNOTSUPP;
}
