/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "policy/scan.h"

/* Words that an address of the family has. */
static unsigned words(enum km_family family)
{
	return km_family_bits(family) / 32;
}

/* The part of a prefix of `len` bits that lies in word `i`, as a mask. */
static uint32_t mask(unsigned len, unsigned i)
{
	unsigned before = 32 * i;

	if (len <= before)
		return 0;
	return len - before >= 32 ? UINT32_MAX : ~(UINT32_MAX >> (len - before));
}

int km_ip_compare(struct km_ip a, struct km_ip b)
{
	for (unsigned i = 0; i < 4; i++)
		if (a.word[i] != b.word[i])
			return a.word[i] < b.word[i] ? -1 : 1;
	return 0;
}

struct km_ip km_ip_first(enum km_family family, struct km_ip ip, unsigned len)
{
	for (unsigned i = 0; i < words(family); i++)
		ip.word[i] &= mask(len, i);
	return ip;
}

struct km_ip km_ip_last(enum km_family family, struct km_ip ip, unsigned len)
{
	for (unsigned i = 0; i < words(family); i++)
		ip.word[i] |= ~mask(len, i);
	return ip;
}

bool km_ip_next(enum km_family family, struct km_ip ip, struct km_ip *out)
{
	for (unsigned i = words(family); i-- > 0;) {
		if (++ip.word[i]) {
			*out = ip;
			return true;
		}
	}
	return false;
}

bool km_ip_prev(enum km_family family, struct km_ip ip, struct km_ip *out)
{
	for (unsigned i = words(family); i-- > 0;) {
		if (ip.word[i]--) {
			*out = ip;
			return true;
		}
	}
	return false;
}

struct km_ip km_ip_from_bytes(enum km_family family, const void *bytes)
{
	struct km_ip ip = {};

	memcpy(ip.word, bytes, km_family_bits(family) / 8);
	for (unsigned i = 0; i < words(family); i++)
		ip.word[i] = ntohl(ip.word[i]);
	return ip;
}

void km_ip_to_bytes(enum km_family family, struct km_ip ip, void *bytes)
{
	for (unsigned i = 0; i < words(family); i++)
		ip.word[i] = htonl(ip.word[i]);
	memcpy(bytes, ip.word, km_family_bits(family) / 8);
}

int km_ip_parse(const char *text, enum km_family *family, struct km_ip *ip)
{
	const char *end = text + strlen(text);
	struct km_scan scan;

	if (km_scan_address(text, end, &scan) || scan.at != end)
		return -EINVAL;
	if (km_scan_mapped(&scan)) {
		*family = KM_V4;
		*ip = (struct km_ip){{scan.ip.word[3]}};
		return 0;
	}
	*family = scan.family;
	*ip = scan.ip;
	return 0;
}

static char *put_decimal(char *at, unsigned number)
{
	if (number >= 100)
		*at++ = '0' + number / 100;
	if (number >= 10)
		*at++ = '0' + number / 10 % 10;
	*at++ = '0' + number % 10;
	return at;
}

static char *put_dotted(char *at, uint32_t address)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		at = put_decimal(at, address >> shift & 0xff);
		if (shift)
			*at++ = '.';
	}
	return at;
}

static unsigned group(struct km_ip ip, unsigned i)
{
	return ip.word[i / 2] >> (i % 2 ? 0 : 16) & 0xffff;
}

static char *put_group(char *at, unsigned number)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		if (number >> shift || !shift)
			*at++ = "0123456789abcdef"[number >> shift & 0xf];
	return at;
}

/* The first of the longest runs of groups that are 0: where it starts, its length; one group alone is none. */
static unsigned longest_gap(struct km_ip ip, unsigned groups, unsigned *length)
{
	unsigned best = groups, run = 0;

	*length = 1;
	for (unsigned i = 0; i < groups; i++) {
		run = group(ip, i) ? 0 : run + 1;
		if (run > *length) {
			*length = run;
			best = i + 1 - run;
		}
	}
	return best;
}

/* RFC 5952, also its section 5: the last two groups of a mapped address are dotted. */
static char *put_v6(char *at, struct km_ip ip)
{
	bool mapped = !ip.word[0] && !ip.word[1] && ip.word[2] == 0xffff;
	unsigned groups = mapped ? 6 : 8, length, gap = longest_gap(ip, groups, &length);

	for (unsigned i = 0; i < groups; i++) {
		if (i == gap) {
			*at++ = ':';
			if (i + length == 8)
				*at++ = ':';
			i += length - 1;
			continue;
		}
		if (i)
			*at++ = ':';
		at = put_group(at, group(ip, i));
	}
	if (mapped) {
		*at++ = ':';
		at = put_dotted(at, ip.word[3]);
	}
	return at;
}

static char *put_address(char *at, enum km_family family, struct km_ip ip)
{
	return family == KM_V4 ? put_dotted(at, ip.word[0]) : put_v6(at, ip);
}

const char *km_ip_format(enum km_family family, struct km_ip ip, char text[KM_ADDR_TEXT])
{
	*put_address(text, family, ip) = '\0';
	return text;
}

const char *km_prefix_format(enum km_family family, struct km_ip ip, unsigned len, char text[KM_ADDR_TEXT])
{
	char *at = put_address(text, family, ip);

	if (len < km_family_bits(family)) {
		*at++ = '/';
		at = put_decimal(at, len);
	}
	*at = '\0';
	return text;
}

bool km_ip_loopback(enum km_family family, struct km_ip ip)
{
	if (family == KM_V4)
		return ip.word[0] >> 24 == 127;
	return !ip.word[0] && !ip.word[1] && !ip.word[2] && ip.word[3] == 1;
}
