/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/martian.h"

#include <stddef.h>

#include "policy/addr.h"

#define LOOPBACK "this host's traffic to itself is governed by @self, not by addresses"
#define MULTICAST "multicast addresses are no sources"
#define UNSPECIFIED "the unspecified address is no source; write @any for everyone"

/* As Linux has it: 0.0.0.0/8 and 240.0.0.0/4 are sources. None is shorter than FIRST_BITS. */
static const struct {
	enum km_family family;
	struct km_ip ip;
	unsigned len;
	const char *why;
} martians[] = {
	{KM_V4, {{0x7f000000}}, 8, LOOPBACK},
	{KM_V4, {{0xe0000000}}, 4, MULTICAST},
	{KM_V4, {{0xffffffff}}, 32, "the broadcast address is no source"},
	{KM_V4, {{0}}, 32, UNSPECIFIED},
	{KM_V6, {{0, 0, 0, 1}}, 128, LOOPBACK},
	{KM_V6, {{0xff000000}}, 8, MULTICAST},
	{KM_V6, {{0}}, 128, UNSPECIFIED},
};

#define FIRST_BITS 4

const char *km_martian(enum km_family family, struct km_ip first, struct km_ip last)
{
	for (size_t i = 0; i < sizeof(martians) / sizeof(martians[0]); i++) {
		unsigned len = martians[i].len;

		/* Asked of each of a million rules: most are far away. */
		if ((first.word[0] ^ martians[i].ip.word[0]) >> (32 - FIRST_BITS))
			continue;
		if (martians[i].family == family && !km_ip_compare(km_ip_first(family, first, len), martians[i].ip) &&
		    !km_ip_compare(km_ip_first(family, last, len), martians[i].ip))
			return martians[i].why;
	}
	return NULL;
}
