/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/failsafe.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "policy/addr.h"

static unsigned widest(enum km_family family)
{
	return family == KM_V4 ? 24 : 64;
}

static bool parse_length(const char *text, unsigned most, unsigned *length)
{
	unsigned n = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		n = n * 10 + (*text - '0');
		if (n > most)
			return false;
	}
	*length = n;
	return true;
}

int km_failsafe_parse(const char *text, struct km_config_failsafe *failsafe, struct km_err *err)
{
	char address[KM_ADDR_TEXT], network[KM_ADDR_TEXT], host[KM_ADDR_TEXT];
	const char *slash = strchrnul(text, '/');
	struct km_ip ip, first;
	enum km_family family;
	size_t n = slash - text;
	unsigned len;

	if (n < sizeof(address)) {
		memcpy(address, text, n);
		address[n] = 0;
	}
	if (n >= sizeof(address) || km_ip_parse(address, &family, &ip))
		return km_fail(err, EINVAL,
			       "is no address; write one such as 192.0.2.10 or a prefix such as 192.0.2.0/28");
	if (family == KM_V4 && strchr(address, ':'))
		return km_fail(err, EINVAL, "is a mapped address; write %s", km_ip_format(family, ip, host));

	len = km_family_bits(family);
	if (*slash && !parse_length(slash + 1, len, &len))
		return km_fail(err, EINVAL, "has no prefix length from %u to %u after the slash", widest(family), len);
	if (len < widest(family))
		return km_fail(err, EINVAL, "is too wide, failsafe ends at /%u; list it in the services' allowlists",
			       widest(family));
	first = km_ip_first(family, ip, len);
	if (km_ip_compare(first, ip))
		return km_fail(err, EINVAL, "has host bits set; write %s for the network or %s for the host",
			       km_prefix_format(family, first, len, network), km_ip_format(family, ip, host));
	failsafe->family = family;
	failsafe->ip = ip;
	failsafe->len = len;
	return 0;
}
