/* SPDX-License-Identifier: BSD-2-Clause */
/* What the test tools share: addresses on the command line, numbers, the clock. */
#ifndef KM_TOOLS_ENDPOINT_H
#define KM_TOOLS_ENDPOINT_H

#include <arpa/inet.h>
#include <err.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

struct endpoint {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	};
	socklen_t length;
};

/* A decimal number of at most `max`; ends the program on anything else. */
static inline unsigned long number(const char *what, const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > max)
		errx(2, "%s: \"%s\" is no number up to %lu", what, text, max);
	return value;
}

/*
 * "192.0.2.1:6443", "192.0.2.1", "[fe80::1%eth0]:6443" or "fe80::1%eth0"; without a port it is 0. Ends the program on
 * anything else.
 */
static inline struct endpoint endpoint(const char *text)
{
	struct endpoint e = {0};
	char copy[128], *host = copy, *port = NULL, *scope;

	if (strlen(text) >= sizeof(copy))
		errx(2, "\"%s\" is too long for an address", text);
	strcpy(copy, text);
	if (*copy == '[') {
		char *end = strchr(copy, ']');

		if (!end || (end[1] && end[1] != ':'))
			errx(2, "\"%s\": expected [address]:port", text);
		if (end[1])
			port = end + 2;
		*end = 0;
		host++;
	} else if ((port = strchr(copy, ':')) && !strchr(port + 1, ':')) {
		*port++ = 0;
	} else {
		port = NULL;
	}
	scope = strchr(host, '%');
	if (scope)
		*scope++ = 0;
	if (inet_pton(AF_INET, host, &e.v4.sin_addr) == 1) {
		e.v4.sin_family = AF_INET;
		e.length = sizeof(e.v4);
	} else if (inet_pton(AF_INET6, host, &e.v6.sin6_addr) == 1) {
		e.v6.sin6_family = AF_INET6;
		e.length = sizeof(e.v6);
		if (scope && !(e.v6.sin6_scope_id = if_nametoindex(scope)))
			err(2, "device %s", scope);
	} else {
		errx(2, "\"%s\" is no address", text);
	}
	/* Both families keep the port at the same place. */
	e.v4.sin_port = htons(port ? number("port", port, 65535) : 0);
	return e;
}

static inline int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static inline void set_option(int fd, int level, int name, int value, const char *what)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		err(1, "%s", what);
}

#endif
