// SPDX-License-Identifier: BSD-2-Clause
/*
 * An echo server that remembers: every payload byte that it ever saw goes to a file, so that a test can say that an
 * unlisted source's bytes did not reach it. Prints "ready PORT..." once it listens everywhere it was told to.
 */
#include <errno.h>
#include <err.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "endpoint.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif

struct how {
	const char *device;
	unsigned port_range; /* port to take by listen() alone, without bind(); 0: bind */
	bool freebind, transparent, reuseport, v6only, mptcp, fastopen, http;
};

static const char http_answer[] = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";

static int listener(const struct how *how, const struct endpoint *at)
{
	int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, how->mptcp ? IPPROTO_MPTCP : 0);

	if (fd < 0)
		err(1, "socket");
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR");
	if (at->any.sa_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, how->v6only, "IPV6_V6ONLY");
	if (how->freebind)
		set_option(fd, IPPROTO_IP, IP_FREEBIND, 1, "IP_FREEBIND");
	if (how->transparent)
		set_option(fd, IPPROTO_IP, IP_TRANSPARENT, 1, "IP_TRANSPARENT");
	if (how->reuseport)
		set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1, "SO_REUSEPORT");
	if (how->fastopen)
		set_option(fd, IPPROTO_TCP, TCP_FASTOPEN, 16, "TCP_FASTOPEN");
	if (how->device && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, how->device, strlen(how->device)))
		err(1, "device %s", how->device);
	if (how->port_range)
		set_option(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, how->port_range << 16 | how->port_range,
			   "IP_LOCAL_PORT_RANGE");
	else if (bind(fd, &at->any, at->length))
		err(1, "bind");
	if (listen(fd, 65535))
		err(1, "listen");
	return fd;
}

static void watch(int epoll, int fd, bool listens)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)listens << 32 | fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		err(1, "epoll_ctl");
}

static void print_ready(const int *fds, int count)
{
	fputs("ready", stdout);
	for (int i = 0; i < count; i++) {
		struct endpoint at = {.length = sizeof(at.v6)};

		if (getsockname(fds[i], &at.any, &at.length))
			err(1, "getsockname");
		printf(" %u", ntohs(at.v4.sin_port));
	}
	putchar('\n');
	fflush(stdout);
}

/* False once the connection is over. */
static bool serve(int fd, const struct how *how, FILE *log)
{
	char bytes[65536];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	const char *answer = bytes;
	size_t size;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (log && (fwrite(bytes, 1, n, log) != (size_t)n || fflush(log)))
		err(1, "log");
	size = n;
	if (how->http) {
		answer = http_answer;
		size = sizeof(http_answer) - 1;
	}
	return send(fd, answer, size, MSG_NOSIGNAL) == (ssize_t)size && !how->http;
}

static void loop(int epoll, const struct how *how, FILE *log)
{
	struct epoll_event events[64];

	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);

		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (int i = 0; i < n; i++) {
			int fd = (int)(uint32_t)events[i].data.u64;

			if (events[i].data.u64 >> 32) {
				int peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

				if (peer >= 0)
					watch(epoll, peer, false);
			} else if (!serve(fd, how, log)) {
				close(fd);
			}
		}
	}
}

static void usage(FILE *out)
{
	fputs("usage: server [OPTION]... ADDRESS:PORT...        ([::]:PORT is both families)\n"
	      "  --log FILE       append every payload byte to it\n"
	      "  --http           answer HTTP instead of echoing\n"
	      "  --dev DEVICE     listen on that device only\n"
	      "  --listen-only PORT   take that port by listen() without bind()\n"
	      "  --freebind, --transparent, --reuseport, --v6only, --mptcp, --fastopen   socket options\n",
	      out);
}

int main(int argc, char **argv)
{
	enum { LOG = 1, HTTP, DEV, LISTEN_ONLY, FREEBIND, TRANSPARENT, REUSEPORT, V6ONLY, MPTCP, FASTOPEN };
	static const struct option options[] = {
		{"log", 1, NULL, LOG},
		{"http", 0, NULL, HTTP},
		{"dev", 1, NULL, DEV},
		{"listen-only", 1, NULL, LISTEN_ONLY},
		{"freebind", 0, NULL, FREEBIND},
		{"transparent", 0, NULL, TRANSPARENT},
		{"reuseport", 0, NULL, REUSEPORT},
		{"v6only", 0, NULL, V6ONLY},
		{"mptcp", 0, NULL, MPTCP},
		{"fastopen", 0, NULL, FASTOPEN},
		{"help", 0, NULL, 'h'},
		{NULL},
	};
	struct how how = {0};
	FILE *log = NULL;
	int fds[64], count = 0, epoll, o;

	while ((o = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (o) {
		case LOG:
			log = fopen(optarg, "ae");
			if (!log)
				err(1, "%s", optarg);
			break;
		case HTTP:
			how.http = true;
			break;
		case DEV:
			how.device = optarg;
			break;
		case LISTEN_ONLY:
			how.port_range = number("--listen-only", optarg, 65535);
			break;
		case FREEBIND:
			how.freebind = true;
			break;
		case TRANSPARENT:
			how.transparent = true;
			break;
		case REUSEPORT:
			how.reuseport = true;
			break;
		case V6ONLY:
			how.v6only = true;
			break;
		case MPTCP:
			how.mptcp = true;
			break;
		case FASTOPEN:
			how.fastopen = true;
			break;
		default:
			usage(o == 'h' ? stdout : stderr);
			return o == 'h' ? 0 : 2;
		}
	}
	if (optind == argc || argc - optind > (int)(sizeof(fds) / sizeof(*fds))) {
		usage(stderr);
		return 2;
	}
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0)
		err(1, "epoll_create1");
	for (int i = optind; i < argc; i++) {
		struct endpoint at = endpoint(argv[i]);

		fds[count] = listener(&how, &at);
		watch(epoll, fds[count++], true);
	}
	print_ready(fds, count);
	loop(epoll, &how, log);
}
