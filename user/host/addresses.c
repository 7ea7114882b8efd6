/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/addresses.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/netlink.h"
#include "host/netns.h"
#include "policy/addr.h"

/* A dump takes milliseconds: addresses that change during so many in a row are no state to build on. */
#define TRIES 32

struct addresses {
	struct km_own_address *list;
	size_t count, room;
};

/* Adds the address of these 4 or 16 bytes; of another family (the kernel knows more of them): nothing. */
static int add(struct addresses *addresses, int af, const void *bytes)
{
	enum km_family family = af == AF_INET ? KM_V4 : KM_V6;

	if (af != AF_INET && af != AF_INET6)
		return 0;
	if (addresses->count == addresses->room) {
		size_t room = addresses->room ? addresses->room * 2 : 64;
		struct km_own_address *list = realloc(addresses->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		addresses->list = list;
		addresses->room = room;
	}
	addresses->list[addresses->count++] =
		(struct km_own_address){.family = family, .ip = km_ip_from_bytes(family, bytes)};
	return 0;
}

static size_t address_size(int af)
{
	return af == AF_INET ? 4 : 16;
}

static int add_interface_address(const struct nlmsghdr *message, void *context)
{
	const struct ifaddrmsg *fixed = NLMSG_DATA(message);
	const void *bytes;

	if (message->nlmsg_type != RTM_NEWADDR || message->nlmsg_len < NLMSG_LENGTH(sizeof(*fixed)))
		return 0;
	/* On a point-to-point link IFA_ADDRESS is the peer's; IPv6 without a peer has no IFA_LOCAL. */
	bytes = km_netlink_attribute(message, sizeof(*fixed), IFA_LOCAL, address_size(fixed->ifa_family));
	if (!bytes)
		bytes = km_netlink_attribute(message, sizeof(*fixed), IFA_ADDRESS, address_size(fixed->ifa_family));
	return bytes ? add(context, fixed->ifa_family, bytes) : 0;
}

static int add_local_route(const struct nlmsghdr *message, void *context)
{
	const struct rtmsg *fixed = NLMSG_DATA(message);
	const void *bytes;

	if (message->nlmsg_type != RTM_NEWROUTE || message->nlmsg_len < NLMSG_LENGTH(sizeof(*fixed)))
		return 0;
	if (fixed->rtm_type != RTN_LOCAL || fixed->rtm_table != RT_TABLE_LOCAL ||
	    fixed->rtm_dst_len != address_size(fixed->rtm_family) * 8)
		return 0;
	bytes = km_netlink_attribute(message, sizeof(*fixed), RTA_DST, address_size(fixed->rtm_family));
	return bytes ? add(context, fixed->rtm_family, bytes) : 0;
}

static int dump_interface_addresses(int netns_fd, struct addresses *addresses, struct km_err *err)
{
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg fixed;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETADDR,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.fixed = {.ifa_family = AF_UNSPEC},
	};

	return km_netlink_dump(netns_fd, NETLINK_ROUTE, &request.header, "the addresses of this host",
			       add_interface_address, addresses, err);
}

static int dump_local_routes(int netns_fd, int af, struct addresses *addresses, struct km_err *err)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg fixed;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETROUTE,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.fixed = {.rtm_family = af, .rtm_table = RT_TABLE_LOCAL, .rtm_type = RTN_LOCAL},
	};
	int r = km_netlink_dump(netns_fd, NETLINK_ROUTE, &request.header, "the local routes of this host",
				add_local_route, addresses, err);

	/* The table comes into being with its first route: none in a namespace where nothing is up yet. */
	return r == -ENOENT ? 0 : r;
}

static int dump_all(int netns_fd, struct addresses *addresses, struct km_err *err)
{
	int r = dump_interface_addresses(netns_fd, addresses, err);

	if (!r)
		r = dump_local_routes(netns_fd, AF_INET, addresses, err);
	if (!r)
		r = dump_local_routes(netns_fd, AF_INET6, addresses, err);
	return r;
}

static int compare(const void *left, const void *right)
{
	const struct km_own_address *a = left, *b = right;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return km_ip_compare(a->ip, b->ip);
}

static size_t sort_unique(struct km_own_address *list, size_t count)
{
	size_t kept = 0;

	if (!count)
		return 0;
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 1; i < count; i++)
		if (compare(&list[kept], &list[i]))
			list[++kept] = list[i];
	return kept + 1;
}

int km_addresses_read(int netns_fd, struct km_own_address **list, size_t *count, struct km_err *err)
{
	struct addresses addresses = {0};
	int r, tries = 0;

	do {
		addresses.count = 0;
		r = dump_all(netns_fd, &addresses, err);
	} while (r == -EINTR && ++tries < TRIES);
	if (r) {
		free(addresses.list);
		if (r == -EINTR)
			return km_fail(err, EINTR,
				       "the addresses of this host keep changing while they are read: try again");
		return r;
	}
	*count = sort_unique(addresses.list, addresses.count);
	*list = addresses.list;
	return 0;
}

void km_port_range_read(int netns_fd, unsigned range[2])
{
	KM_AUTO_CLOSE int fd = km_netns_sysctl(netns_fd, "/proc/sys/net/ipv4/ip_local_port_range", NULL);
	char text[64];
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	range[0] = range[1] = 0;
	if (size <= 0)
		return;
	text[size] = '\0';
	if (sscanf(text, "%u %u", &range[0], &range[1]) != 2)
		range[0] = range[1] = 0;
}
