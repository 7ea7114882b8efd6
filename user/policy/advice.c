/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/advice.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/addr.h"
#include "policy/stray.h"

#define QUOTED (KM_QUOTE_TEXT - 4) /* bytes of a word that messages show */

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static bool is_letter(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26;
}

const char *km_word_end(const struct km_line *line, const char *at)
{
	while (at < line->end && *at != ' ' && *at != '\t' && *at != '#')
		at++;
	return at;
}

void km_line_error(const struct km_line *line, const char *at, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	km_diag_error(line->diags, line->file, line->number, at - line->start + 1, "%s", text);
}

const char *km_line_quote(const struct km_line *line, const char *at, char text[KM_QUOTE_TEXT])
{
	int length = km_word_end(line, at) - at;

	snprintf(text, KM_QUOTE_TEXT, length > QUOTED ? "%.*s..." : "%.*s", length > QUOTED ? QUOTED : length, at);
	return text;
}

static bool is_word(const struct km_line *line, const char *at, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(km_word_end(line, at) - at) == length && !strncasecmp(at, word, length);
}

static bool is_one_of(const struct km_line *line, const char *at, const char *const *words)
{
	for (; *words; words++)
		if (is_word(line, at, *words))
			return true;
	return false;
}

bool km_advise_stray(const struct km_line *line, const char *at)
{
	const char *stray = km_stray_find(at, km_word_end(line, at));
	char text[KM_STRAY_TEXT];

	if (!stray)
		return false;
	km_line_error(line, stray, "%s", km_stray_describe(stray, line->end, text));
	return true;
}

/* Why it matters is said once a file. */
bool km_advise_comment(const struct km_line *line, const char *at)
{
	bool slashes = line->end - at > 1 && at[0] == '/' && at[1] == '/';

	if (*at != ';' && !slashes)
		return false;
	km_line_error(line, at, "only # starts a comment, not \"%s\"%s", slashes ? "//" : ";",
		      *line->comment_advised
			      ? ""
			      : "; and this list says who is let in: is it a blocklist? Its networks are "
				"refused if each line starts with !");
	*line->comment_advised = true;
	return true;
}

static bool has_letters(const char *at, const char *end)
{
	for (; at < end; at++)
		if (is_letter(*at))
			return true;
	return false;
}

/* IPv4 cut short, with the octets that are there and 0 for the others: false if they are no octets. */
static bool complete(const char *at, const char *end, char text[KM_ADDR_TEXT])
{
	struct km_ip ip = {};
	unsigned octets = 0, len;

	while (at < end && is_digit(*at) && octets < 3) {
		unsigned number = 0;

		for (; at < end && is_digit(*at); at++)
			if (number <= 255)
				number = number * 10 + (*at - '0');
		if (number > 255)
			return false;
		ip.word[0] |= number << (24 - 8 * octets++);
		if (at < end && *at == '.')
			at++;
	}
	len = 8 * octets;
	if (at < end && *at == '/') {
		for (len = 0, at++; at < end && is_digit(*at); at++)
			if (len <= 32)
				len = len * 10 + (*at - '0');
		if (!len || len > 32)
			return false;
	}
	km_prefix_format(KM_V4, km_ip_first(KM_V4, ip, len), len, text);
	return true;
}

static void advise_name(const struct km_line *line, const char *at)
{
	char word[KM_QUOTE_TEXT];

	km_line_error(line, at,
		      "\"%s\" is no address: names are not looked up; write its addresses, or @self for this host",
		      km_line_quote(line, at, word));
}

static void advise_short(const struct km_line *line, const char *at, const struct km_scan *scan)
{
	const char *end = km_word_end(line, at);
	char word[KM_QUOTE_TEXT], full[KM_ADDR_TEXT];

	if (scan->family == KM_V4 && has_letters(at, end))
		advise_name(line, at);
	else if (scan->family == KM_V6)
		km_line_error(
			line, at,
			"\"%s\" is short of eight groups; write :: where groups of 0 are left out, as in 2001:db8::/32",
			km_line_quote(line, at, word));
	else if (complete(at, end, full))
		km_line_error(line, at, "\"%s\" is a short form; write all four octets: %s",
			      km_line_quote(line, at, word), full);
	else
		km_line_error(line, at, "\"%s\" is no address; write four octets, 0 to 255, as in 192.0.2.10",
			      km_line_quote(line, at, word));
}

static void advise_bracket(const struct km_line *line, const char *at)
{
	const char *inside = at + 1, *end = memchr(inside, ']', km_word_end(line, at) - inside);
	char address[KM_QUOTE_TEXT];

	if (end && end - inside <= QUOTED && end > inside) {
		snprintf(address, sizeof(address), "%.*s", (int)(end - inside), inside);
		km_line_error(line, at, "no brackets, no port: the port belongs to the service; write %s", address);
	} else {
		km_line_error(line, at, "no brackets: write the address alone, as in 2001:db8::7");
	}
}

/* A word that is no address at all. */
static void advise_word(const struct km_line *line, const char *at)
{
	static const char *const here[] = {"localhost", "self", "me", NULL};
	static const char *const everyone[] = {"any", "all", "*", "everyone", "world", NULL};
	static const char *const verbs[] = {"allow", "deny",  "permit", "accept", "reject",
					    "drop",  "block", "add",	NULL};
	char word[KM_QUOTE_TEXT];

	if (*at == '[')
		advise_bracket(line, at);
	else if (*at == '"' || *at == '\'' || *at == '`')
		km_line_error(line, at, "no quotes: write the rule without them");
	else if (*at == '!')
		km_line_error(line, at, "one ! makes a rule an exception; delete the second");
	else if (*at == '/')
		km_line_error(line, at, "the address before the / is missing; write 10.0.0.0/16, or @any for everyone");
	else if (*at == '-')
		km_line_error(line, at, "no dash here: a rule starts with an address, a range is written first-last");
	else if (*at == '^' || *at == '~')
		km_line_error(line, at, "an exception starts with !, as in !10.0.66.0/24");
	else if (*at == '+' || *at == '=')
		km_line_error(line, at, "delete the sign: a rule starts with an address, an exception with !");
	else if (is_one_of(line, at, here))
		km_line_error(line, at, "\"%s\" is no address; this host is @self, and allowed without a rule",
			      km_line_quote(line, at, word));
	else if (is_one_of(line, at, everyone))
		km_line_error(line, at, "\"%s\" is no address; everyone is @any", km_line_quote(line, at, word));
	else if (is_one_of(line, at, verbs))
		km_line_error(line, at, "no \"%s\": write X alone to allow X, !X to deny it",
			      km_line_quote(line, at, word));
	else if (is_word(line, at, "until"))
		km_line_error(line, at,
			      "the address before \"until\" is missing; write 192.0.2.10 until 2026-12-01T18:00:00Z");
	else if (is_letter(*at) || is_digit(*at))
		advise_name(line, at);
	else
		km_line_error(line, at, "\"%s\" is no address; write one as 192.0.2.10, 10.0.0.0/16 or 2001:db8::/32",
			      km_line_quote(line, at, word));
}

/* Where an address was expected there is none, and no byte that no rule has. */
static void advise_none(const struct km_line *line, const char *at)
{
	const char *next = at;

	while (next < line->end && (*next == ' ' || *next == '\t'))
		next++;
	if (next == line->end || *next == '#')
		km_line_error(line, at - 1,
			      "! alone excepts nothing; write what, as in !10.0.66.0/24, or !@any for all");
	else if (next > at)
		km_line_error(line, at, "no blank after !; write the address directly behind it, as in !10.0.66.0/24");
	else if (!km_advise_comment(line, at))
		advise_word(line, at);
}

static void advise_octet(const struct km_line *line, const struct km_scan *scan)
{
	const char *at = scan->at;
	unsigned long number = 0;
	int digits = 0;

	for (; at < line->end && is_digit(*at); at++, digits++)
		if (number < 100000000)
			number = number * 10 + (*at - '0');
	if (digits > 8)
		km_line_error(line, scan->at, "an octet is 0 to 255");
	else if (*scan->at == '0' && number <= 255)
		km_line_error(line, scan->at,
			      "octet %.*s has a leading zero, which some read as octal; write the decimal number %lu",
			      digits, scan->at, number);
	else
		km_line_error(line, scan->at, "octet %.*s is above 255; octets are 0 to 255%s", digits, scan->at,
			      digits > 3 ? "; is a newline missing?" : "");
}

void km_advise_address(const struct km_line *line, const char *at, enum km_scan_fault fault, const struct km_scan *scan)
{
	bool exact =
		fault == KM_SCAN_PADDED || fault == KM_SCAN_ABOVE || fault == KM_SCAN_MANY || fault == KM_SCAN_GROUP;

	if (!exact && at < line->end && km_advise_stray(line, at))
		return;
	switch (fault) {
	case KM_SCAN_PADDED:
	case KM_SCAN_ABOVE:
		advise_octet(line, scan);
		break;
	case KM_SCAN_FEW:
		advise_short(line, at, scan);
		break;
	case KM_SCAN_MANY:
		km_line_error(line, scan->at, "an address has %s; is a newline missing?",
			      scan->family == KM_V4 ? "four octets" : "eight groups, fewer with ::");
		break;
	case KM_SCAN_GROUP:
		km_line_error(line, scan->at, "a group has one to four hexadecimal digits; is a newline missing?");
		break;
	case KM_SCAN_GAP:
		km_line_error(line, scan->at, ":: may stand once in an address; write the other groups of 0 as 0");
		break;
	case KM_SCAN_COLON:
		km_line_error(line, scan->at,
			      "no group beside this colon; write :: where groups of 0 are left out, and no port: it "
			      "belongs to the service");
		break;
	default:
		advise_none(line, at);
	}
}

void km_advise_mapped(const struct km_line *line, const char *at, const struct km_scan *scan)
{
	struct km_ip v4 = {{scan->ip.word[3]}};
	unsigned len = 0, digits = 0;
	char text[KM_ADDR_TEXT];

	if (scan->at < line->end && *scan->at == '/')
		for (const char *digit = scan->at + 1; digit < line->end && is_digit(*digit) && digits < 4;
		     digit++, digits++)
			len = len * 10 + (*digit - '0');
	len = digits && len >= 96 && len <= 128 ? len - 96 : 32;
	km_line_error(line, at, "a mapped address: its clients are seen as IPv4; write %s",
		      km_prefix_format(KM_V4, km_ip_first(KM_V4, v4, len), len, text));
}
