/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/scan.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define GROUPS 8

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* The value of a hexadecimal digit, or 16 and above. */
static unsigned hex(char c)
{
	unsigned letter = (unsigned char)((c | 0x20) - 'a');

	if (is_digit(c))
		return c - '0';
	return letter < 6 ? letter + 10 : 16;
}

static enum km_scan_fault scan_octet(const char *at, const char *end, struct km_scan *scan, unsigned *octet)
{
	const char *start = at;
	unsigned number = 0;

	for (; at < end && is_digit(*at); at++)
		if (number <= 255)
			number = number * 10 + (*at - '0');
	scan->at = start;
	if (at - start > 1 && *start == '0')
		return KM_SCAN_PADDED;
	if (number > 255)
		return KM_SCAN_ABOVE;
	scan->at = at;
	*octet = number;
	return KM_SCAN_GOOD;
}

static enum km_scan_fault scan_dotted(const char *text, const char *end, struct km_scan *scan, uint32_t *address)
{
	const char *at = text;
	uint32_t number = 0;

	for (unsigned i = 0; i < 4; i++) {
		enum km_scan_fault fault;
		unsigned octet;

		if (i && (at == end || *at != '.' || ++at == end || !is_digit(*at))) {
			scan->at = text;
			return KM_SCAN_FEW;
		}
		fault = scan_octet(at, end, scan, &octet);
		if (fault)
			return fault;
		number = number << 8 | octet;
		at = scan->at;
	}
	if (end - at > 1 && *at == '.' && is_digit(at[1])) {
		scan->at = at + 1;
		return KM_SCAN_MANY;
	}
	*address = number;
	return KM_SCAN_GOOD;
}

/* IPv6 while it is read: the groups so far, and where the :: stood. */
struct groups {
	uint16_t group[GROUPS];
	unsigned count;
	unsigned gap; /* groups before the ::, or GROUPS + 1 */
};

static struct km_ip fill_gap(const struct groups *read)
{
	unsigned before = read->gap > read->count ? read->count : read->gap, skipped = GROUPS - read->count;
	struct km_ip ip = {};

	for (unsigned i = 0; i < read->count; i++) {
		unsigned to = i < before ? i : i + skipped;

		ip.word[to / 2] |= (uint32_t)read->group[i] << (to % 2 ? 0 : 16);
	}
	return ip;
}

static enum km_scan_fault scan_tail(const char *at, const char *end, struct km_scan *scan, struct groups *read)
{
	enum km_scan_fault fault;
	uint32_t address;

	scan->at = at;
	if (read->count > GROUPS - 2)
		return KM_SCAN_MANY;
	fault = scan_dotted(at, end, scan, &address);
	if (fault)
		return fault;
	read->group[read->count++] = address >> 16;
	read->group[read->count++] = address & 0xffff;
	return KM_SCAN_GOOD;
}

/* One group, or the dotted tail. At least one digit is there. */
static enum km_scan_fault scan_group(const char *at, const char *end, struct km_scan *scan, struct groups *read)
{
	const char *start = at;
	unsigned number = 0, digit;

	for (; at < end && (digit = hex(*at)) < 16; at++)
		number = number << 4 | digit;
	if (at < end && *at == '.')
		return scan_tail(start, end, scan, read);
	scan->at = start;
	if (at - start > 4)
		return KM_SCAN_GROUP;
	if (read->count == GROUPS)
		return KM_SCAN_MANY;
	read->group[read->count++] = number;
	scan->at = at;
	return KM_SCAN_GOOD;
}

/* The colons before a group: 0 if the address ends here, else how many bytes to go on by, or a fault. */
static enum km_scan_fault scan_colons(const char *at, const char *end, bool start, struct groups *read, unsigned *taken)
{
	bool two = end - at > 1 && at[1] == ':';

	*taken = 0;
	if (at == end || *at != ':')
		return KM_SCAN_GOOD;
	if (!two && (start || end - at == 1 || hex(at[1]) > 15))
		return KM_SCAN_COLON;
	if (two && read->gap <= GROUPS)
		return KM_SCAN_GAP;
	if (two && end - at > 2 && at[2] == ':')
		return KM_SCAN_COLON;
	if (two)
		read->gap = read->count;
	*taken = two ? 2 : 1;
	return KM_SCAN_GOOD;
}

static enum km_scan_fault scan_v6(const char *text, const char *end, struct km_scan *scan)
{
	struct groups read = {.gap = GROUPS + 1};
	const char *at = text;

	do {
		unsigned taken;
		enum km_scan_fault fault = scan_colons(at, end, at == text, &read, &taken);

		scan->at = at;
		if (fault)
			return fault;
		if (!taken && at != text)
			break;
		at += taken;
		scan->at = at;
		if (at == end || hex(*at) > 15)
			break;
		fault = scan_group(at, end, scan, &read);
		if (fault)
			return fault;
		at = scan->at;
	} while (at < end);
	if (read.gap > GROUPS && read.count < GROUPS) {
		scan->at = text;
		return KM_SCAN_FEW;
	}
	if (read.gap <= GROUPS && read.count == GROUPS) {
		scan->at = text;
		return KM_SCAN_MANY;
	}
	scan->ip = fill_gap(&read);
	return KM_SCAN_GOOD;
}

/* What the first byte that is no hexadecimal digit says: '.' IPv4, ':' IPv6, 0 neither. */
static char separator(const char *at, const char *end)
{
	while (at < end && hex(*at) < 16)
		at++;
	return at < end && (*at == '.' || *at == ':') ? *at : 0;
}

/* A number alone, as in 10/8: IPv4 cut short. */
static bool is_number(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && is_digit(*at))
		at++;
	return at > start && (at == end || !strchr("abcdefghijklmnopqrstuvwxyz-_", *at | 0x20));
}

enum km_scan_fault km_scan_address(const char *text, const char *end, struct km_scan *scan)
{
	char kind = separator(text, end);

	scan->at = text;
	scan->ip = (struct km_ip){};
	if (kind == ':') {
		scan->family = KM_V6;
		return scan_v6(text, end, scan);
	}
	scan->family = KM_V4;
	if (kind == '.' && is_digit(*text))
		return scan_dotted(text, end, scan, &scan->ip.word[0]);
	return is_number(text, end) ? KM_SCAN_FEW : KM_SCAN_NONE;
}

bool km_scan_mapped(const struct km_scan *scan)
{
	return scan->family == KM_V6 && !scan->ip.word[0] && !scan->ip.word[1] && scan->ip.word[2] == 0xffff;
}
