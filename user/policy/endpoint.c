/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/endpoint.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "policy/addr.h"

/* The address without brackets, and what follows it. 0 or -EINVAL with *err. */
static int split(const char *text, char address[KM_ADDR_TEXT], const char **rest, struct km_err *err)
{
	bool brackets = *text == '[';
	const char *start = text + brackets, *end = strchrnul(start, brackets ? ']' : ':');
	size_t length = end - start;

	if (brackets && !*end)
		return km_fail(err, EINVAL, "has no closing bracket; write it as \"[::1]:9475\"");
	if (!brackets && *end && strchr(end + 1, ':'))
		return km_fail(err, EINVAL, "needs brackets around an IPv6 address; write it as \"[::1]:9475\"");
	if (!length)
		return km_fail(
			err, EINVAL,
			"has no address before the port; write \"127.0.0.1:9475\", or \"0.0.0.0:9475\" for every "
			"address of this host");
	if (length >= KM_ADDR_TEXT)
		return km_fail(err, EINVAL, "has no numeric address before the port; names are not looked up");
	memcpy(address, start, length);
	address[length] = '\0';
	*rest = end + brackets;
	return 0;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned n = 0;

	if (!*text || *text == '0')
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		n = n * 10 + (*text - '0');
		if (n > UINT16_MAX)
			return false;
	}
	*port = n;
	return true;
}

int km_endpoint_parse(const char *text, struct km_endpoint *endpoint, struct km_err *err)
{
	char address[KM_ADDR_TEXT], plain[KM_ADDR_TEXT];
	struct km_endpoint found;
	const char *rest = text;
	int r;

	r = split(text, address, &rest, err);
	if (r)
		return r;
	if (km_ip_parse(address, &found.family, &found.ip))
		return km_fail(err, EINVAL, "has no numeric address before the port; names are not looked up");
	if (found.family == KM_V4 && *text == '[')
		return km_fail(err, EINVAL, "has an IPv4 address in brackets; write %s without them",
			       km_ip_format(found.family, found.ip, plain));
	if (*rest != ':')
		return km_fail(err, EINVAL, "has no port after the address; write it as \"127.0.0.1:9475\"");
	if (!parse_port(rest + 1, &found.port))
		return km_fail(err, EINVAL, "has no port from 1 to 65535 after the last colon");
	*endpoint = found;
	return 0;
}

const char *km_endpoint_format(const struct km_endpoint *endpoint, char text[KM_ENDPOINT_TEXT])
{
	const char *format = endpoint->family == KM_V4 ? "%s:%u" : "[%s]:%u";
	char address[KM_ADDR_TEXT];

	snprintf(text, KM_ENDPOINT_TEXT, format, km_ip_format(endpoint->family, endpoint->ip, address), endpoint->port);
	return text;
}

bool km_endpoint_equal(const struct km_endpoint *a, const struct km_endpoint *b)
{
	return a->family == b->family && !km_ip_compare(a->ip, b->ip) && a->port == b->port;
}
