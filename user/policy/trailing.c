/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/trailing.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#include "policy/addr.h"
#include "policy/nearest.h"
#include "policy/stray.h"

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

/* The prefix length that a mask, or its complement as routers write it, stands for; false if it is neither. */
static bool mask_length(uint32_t mask, unsigned *len)
{
	uint32_t zeros = ~mask;

	if (zeros & (zeros + 1)) {
		zeros = mask;
		if (zeros & (zeros + 1))
			return false;
	}
	*len = 32 - __builtin_popcount(zeros);
	return true;
}

static bool advise_mask(const struct km_line *line, const char *at, const struct km_scan *address)
{
	struct km_scan mask;
	unsigned len;
	char text[KM_ADDR_TEXT];

	if (address->family != KM_V4 || km_scan_address(at, km_word_end(line, at), &mask) || mask.family != KM_V4 ||
	    mask.at != km_word_end(line, at) || !mask_length(mask.ip.word[0], &len))
		return false;
	km_line_error(line, at, "no dotted masks; write the prefix length: %s",
		      km_prefix_format(KM_V4, km_ip_first(KM_V4, address->ip, len), len, text));
	return true;
}

/* A prefix length that starts with a digit. */
static void advise_number(const struct km_line *line, const char *at, const struct km_scan *address)
{
	unsigned bits = km_family_bits(address->family), number = 0;
	const char *end = at;

	for (; end < line->end && is_digit(*end); end++)
		if (number <= bits)
			number = number * 10 + (*end - '0');
	if ((end < line->end && (*end == '.' || *end == ':')) || end - at > 3)
		km_line_error(line, at, "no prefix length of 0 to %u here; is a newline missing?", bits);
	else if (*at == '0' && end - at > 1)
		km_line_error(line, at, "a prefix length has no leading zero; write /%u", number);
	else
		km_line_error(line, at, "prefix length %u is above %u, the bits of an %s address", number, bits,
			      address->family == KM_V4 ? "IPv4" : "IPv6");
}

void km_advise_length(const struct km_line *line, const char *at, const struct km_scan *scan)
{
	unsigned bits = km_family_bits(scan->family);
	char text[KM_ADDR_TEXT];

	if (at == line->end || *at == '#')
		km_line_error(line, at - 1,
			      "the prefix length after the / is missing; write 0 to %u, or %s for the host", bits,
			      km_ip_format(scan->family, scan->ip, text));
	else if (*at == ' ' || *at == '\t')
		km_line_error(line, at, "no blank after the /; write the prefix length directly behind it");
	else if (km_advise_comment(line, at - 1) || km_advise_stray(line, at) || advise_mask(line, at, scan))
		return;
	else if (is_digit(*at))
		advise_number(line, at, scan);
	else
		km_line_error(line, at, "a prefix length is a number, 0 to %u", bits);
}

void km_advise_keyword(const struct km_line *line, const char *at, const char *const *known)
{
	char word[KM_QUOTE_TEXT];
	struct km_nearest nearest = {.word = word};

	if (km_advise_stray(line, at))
		return;
	km_line_quote(line, at, word);
	for (; *known; known++)
		km_nearest_offer(&nearest, *known);
	km_line_error(line, at, "\"%s\" is unknown; the nearest that is known is %s", word, nearest.best);
}

/* What directly follows a rule that could have ended. */
static void advise_attached(const struct km_line *line, const char *at)
{
	if (km_stray_find(at, at + 1)) {
		km_advise_stray(line, at);
		return;
	}
	switch (*at) {
	case ':':
		km_line_error(line, at, "no port here: it belongs to the service");
		break;
	case '%':
		km_line_error(line, at,
			      "no scope id (what starts with %%): rules hold on every interface; end the address here");
		break;
	case ',':
		km_line_error(line, at, "no commas: one rule a line");
		break;
	case '.':
		km_line_error(line, at, "nothing starts with a dot here; a range is written first-last");
		break;
	case '-':
		km_line_error(line, at, "a range has two ends, first-last; end the rule here");
		break;
	case '/':
		km_line_error(line, at, "a rule has one prefix length, a range none; end the rule here");
		break;
	case '!':
		km_line_error(line, at, "! stands before the address; one rule a line");
		break;
	default:
		km_line_error(line, at, "'%c' does not belong here; end the rule before it, or is a newline missing?",
			      *at);
	}
}

static bool starts_rule(const struct km_line *line, const char *at)
{
	struct km_scan scan;
	enum km_scan_fault fault;

	if (*at == '!' || *at == '@' || *at == '[')
		return true;
	fault = km_scan_address(at, line->end, &scan);
	return fault != KM_SCAN_NONE;
}

static bool is_range_word(const char *word)
{
	return !strcasecmp(word, "to") || !strcasecmp(word, "bis") || !strcasecmp(word, "through");
}

/* A word where only "until" may stand. */
static void advise_word(const struct km_line *line, const char *at)
{
	char word[KM_QUOTE_TEXT];
	struct km_nearest nearest = {.word = word};

	km_line_quote(line, at, word);
	km_nearest_offer(&nearest, "until");
	if (!nearest.distance)
		km_line_error(line, at, "write \"until\" in small letters");
	else if (nearest.distance <= 2)
		km_line_error(line, at, "unknown keyword \"%s\"; is \"until\" meant?", word);
	else if (is_range_word(word))
		km_line_error(line, at, "a range is written with -, as in 198.51.100.10-198.51.100.20");
	else
		km_line_error(line, at,
			      "unknown keyword \"%s\"; after a rule comes \"until\" and a time, or a # comment", word);
}

void km_advise_rest(const struct km_line *line, const char *end, const char *at)
{
	bool digit_next = line->end - at > 1 && is_digit(at[1]);

	if (km_advise_comment(line, at))
		return;
	if (at == end || *at == ',' || *at == '-')
		advise_attached(line, at);
	else if (*at == '/' && digit_next)
		km_line_error(line, end, "no blank before the /; write the prefix length directly behind the address");
	else if (km_advise_stray(line, at))
		return;
	else if (starts_rule(line, at))
		km_line_error(line, at, "one rule a line: put this on a line of its own, or # before a comment");
	else
		advise_word(line, at);
}
