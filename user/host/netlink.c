/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/netlink.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/netns.h"

/* The kernel makes messages of a dump as large as the reader's buffer, 32 KiB at most. */
#define BUFFER_SIZE (64 << 10)

/* Receives one datagram of the kernel's. Its size, 0: not from the kernel, or -errno. */
static ssize_t receive(int fd, void *buffer, size_t room)
{
	struct sockaddr_nl from = {0};
	struct iovec iov = {.iov_base = buffer, .iov_len = room};
	struct msghdr header = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &iov, .msg_iovlen = 1};
	ssize_t size;

	do
		size = recvmsg(fd, &header, 0);
	while (size < 0 && errno == EINTR);
	if (size < 0)
		return -errno;
	if (header.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	return from.nl_pid ? 0 : size;
}

/* Hands the messages of one datagram on. 1: the dump is complete; 0: more to come; -errno. */
static int deliver(const void *buffer, ssize_t size, km_netlink_each *each, void *context, bool *interrupted)
{
	const struct nlmsghdr *message;
	int r;

	for (message = buffer; NLMSG_OK(message, size); message = NLMSG_NEXT(message, size)) {
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			*interrupted = true;
		if (message->nlmsg_type == NLMSG_DONE) {
			/* A dump that failed half way says so in its last message. */
			r = message->nlmsg_len >= NLMSG_LENGTH(sizeof(int)) ? *(const int *)NLMSG_DATA(message) : 0;
			return r < 0 ? r : 1;
		}
		if (message->nlmsg_type == NLMSG_ERROR) {
			if (message->nlmsg_len < NLMSG_LENGTH(sizeof(struct nlmsgerr)))
				return -EBADMSG;
			r = ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
			return r < 0 ? r : 1;
		}
		if (message->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		r = each(message, context);
		if (r)
			return r;
	}
	return 0;
}

int km_netlink_dump(int netns_fd, int protocol, const struct nlmsghdr *request, const char *what, km_netlink_each *each,
		    void *context, struct km_err *err)
{
	KM_AUTO_FREE char *buffer = NULL;
	KM_AUTO_CLOSE int fd = -1;
	bool interrupted = false;
	ssize_t size;
	int one = 1, r;

	buffer = malloc(BUFFER_SIZE);
	if (!buffer)
		return km_fail(err, ENOMEM, "no memory to read %s", what);
	fd = km_netns_socket(netns_fd, AF_NETLINK, SOCK_RAW, protocol, err);
	if (fd < 0)
		return fd;
	/* Lets the kernel filter routes by the request; one that cannot is filtered here as well. */
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	if (send(fd, request, request->nlmsg_len, 0) < 0) {
		r = errno;
		return km_fail(err, r, "cannot ask the kernel for %s: %s", what, strerror(r));
	}
	do {
		size = receive(fd, buffer, BUFFER_SIZE);
		r = size < 0 ? size : deliver(buffer, size, each, context, &interrupted);
	} while (!r);
	if (r < 0)
		return km_fail(err, -r, "cannot read %s: %s", what, strerror(-r));
	return interrupted ? -EINTR : 0;
}

static const struct rtattr *find(const struct rtattr *attribute, int rest, unsigned type, size_t size)
{
	for (; RTA_OK(attribute, rest); attribute = RTA_NEXT(attribute, rest))
		if ((attribute->rta_type & NLA_TYPE_MASK) == type && RTA_PAYLOAD(attribute) >= size)
			return attribute;
	return NULL;
}

static const struct rtattr *find_behind(const struct nlmsghdr *message, size_t fixed, unsigned type, size_t size)
{
	if (message->nlmsg_len < NLMSG_SPACE(fixed))
		return NULL;
	return find((const struct rtattr *)((const char *)message + NLMSG_SPACE(fixed)),
		    message->nlmsg_len - NLMSG_SPACE(fixed), type, size);
}

const void *km_netlink_attribute(const struct nlmsghdr *message, size_t fixed, unsigned type, size_t size)
{
	const struct rtattr *attribute = find_behind(message, fixed, type, size);

	return attribute ? RTA_DATA(attribute) : NULL;
}

const struct rtattr *km_netlink_nested(const struct nlmsghdr *message, size_t fixed, unsigned type)
{
	return find_behind(message, fixed, type, 0);
}

const struct rtattr *km_netlink_within(const struct rtattr *outer, unsigned type)
{
	return find(RTA_DATA(outer), RTA_PAYLOAD(outer), type, 0);
}

static int take_nothing(const struct nlmsghdr *message, void *context)
{
	(void)message;
	(void)context;
	return 0;
}

int km_netlink_order(int fd, const struct nlmsghdr *request)
{
	_Alignas(struct nlmsghdr) char buffer[4096];
	bool interrupted;
	ssize_t size;
	int r;

	if (send(fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	do {
		size = receive(fd, buffer, sizeof(buffer));
		r = size < 0 ? size : deliver(buffer, size, take_nothing, NULL, &interrupted);
	} while (!r);
	return r < 0 ? r : 0;
}
