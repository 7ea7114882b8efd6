/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/foreign.h"

#include <string.h>
#include <strings.h>

#include "policy/scan.h"

#define FIRST_LINES 2

/* A line that is neither blank nor a comment, from its first byte that is not blank. */
struct content {
	const char *at, *end;
	unsigned line, column;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The first lines with content; how many there are, FIRST_LINES at most. */
static unsigned first_lines(const char *bytes, size_t size, struct content lines[FIRST_LINES])
{
	const char *at = bytes, *end = bytes + size;
	unsigned count = 0;

	for (unsigned line = 1; at < end && count < FIRST_LINES; line++) {
		const char *newline = memchr(at, '\n', end - at), *stop = newline ? newline : end, *start = at;

		while (at < stop && is_blank(*at))
			at++;
		if (at < stop && *at != '#' && *at != '\r')
			lines[count++] = (struct content){at, stop, line, at - start + 1};
		at = newline ? newline + 1 : end;
	}
	return count;
}

static bool starts_with(const struct content *line, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(line->end - line->at) >= length && !strncasecmp(line->at, text, length);
}

/* Two bytes a character: a byte order mark, or every other byte of the first two characters 0. */
static bool is_utf16(const char *bytes, size_t size)
{
	if (size < 2)
		return false;
	if (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2))
		return true;
	return size >= 4 && !bytes[0] == !bytes[2] && !bytes[1] == !bytes[3] && !bytes[0] != !bytes[1];
}

/* A bracket may as well start an IPv6 address with a port, which is an error of its line. */
static bool is_json(const struct content *line)
{
	const char *at = line->at + 1;

	if (*line->at == '{')
		return true;
	while (at < line->end && (is_blank(*at) || *at == '\r'))
		at++;
	return *line->at == '[' && (at == line->end || memchr("{[\"]", *at, 4));
}

static bool is_address(const char *at, const char *end)
{
	struct km_scan scan;

	while (at < end && (is_blank(*at) || *at == '!'))
		at++;
	return !km_scan_address(at, end, &scan);
}

static const char *comma(const struct content *line)
{
	const char *hash = memchr(line->at, '#', line->end - line->at);

	return memchr(line->at, ',', (hash ? hash : line->end) - line->at);
}

/* A line of fields: quoted, or a header, or an address with something else behind the comma. */
static bool is_record(const struct content *line)
{
	const char *field = comma(line), *at = field ? field + 1 : NULL;

	if (!field)
		return false;
	while (at < line->end && (is_blank(*at) || *at == '\r'))
		at++;
	if (at == line->end)
		return false;
	return *line->at == '"' || !is_address(line->at, field) || !is_address(at, line->end);
}

/* One line with a comma may be a slip, unless it is quoted. */
static bool is_csv(const struct content *lines, unsigned count)
{
	return is_record(&lines[0]) && (*lines[0].at == '"' || (count > 1 && comma(&lines[1])));
}

static bool is_nginx(const struct content *line)
{
	const char *end = memchr(line->at, '#', line->end - line->at);

	if (!starts_with(line, "allow ") && !starts_with(line, "deny "))
		return false;
	end = end ? end : line->end;
	while (end > line->at && (is_blank(end[-1]) || end[-1] == '\r'))
		end--;
	return end[-1] == ';';
}

static const struct {
	const char *start, *advice;
} kinds[] = {
	{"<", "this file is HTML or XML, perhaps the error page of a download; fetch the list itself"},
	{"create ", "this file is an ipset save; keep what follows the set's name in its add lines, one rule a line"},
	{"add ", "this file is an ipset or nft script; keep the addresses alone, one rule a line"},
	{"*filter", "this file is an iptables-save; keep the sources (after -s) alone, one rule a line"},
	{"-A ", "this file is a list of iptables rules; keep the sources (after -s) alone, one rule a line"},
	{"table ", "this file is an nft ruleset; keep the elements of the set alone, one rule a line"},
	{"---", "this file is YAML; keep the addresses alone, without dashes and quotes, one rule a line"},
	{"-----BEGIN ",
	 "this file is a key or a certificate; name an allowlist here, and check who can read this file"},
};

static const char *kind_of(const struct content *line)
{
	const char *advice = NULL;

	if (is_nginx(line))
		return "this file is of nginx; write X for \"allow X;\" and !X for \"deny X;\" (not listed is denied: "
		       "leave \"deny all;\" out)";
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (starts_with(line, kinds[i].start))
			advice = kinds[i].advice;
	return advice;
}

bool km_foreign(const char *bytes, size_t size, unsigned file, struct km_diags *diags)
{
	struct content lines[FIRST_LINES];
	unsigned count;
	const char *advice;

	if (is_utf16(bytes, size)) {
		km_diag_error(diags, file, 1, 1, "this file is UTF-16; save it as UTF-8 or plain ASCII");
		return true;
	}
	count = first_lines(bytes, size, lines);
	if (!count)
		return false;
	if (is_json(&lines[0])) {
		km_diag_error(diags, file, 1, 1,
			      "this file is JSON; keep the prefixes alone, without quotes and commas, one rule a line "
			      "(jq -r '.prefixes[].ip_prefix' does so for a cloud's list)");
		return true;
	}
	if (is_csv(lines, count)) {
		km_diag_error(diags, file, 1, 1,
			      "this file is CSV; keep the column with the addresses alone, without quotes, one rule a "
			      "line");
		return true;
	}
	advice = kind_of(&lines[0]);
	if (advice)
		km_diag_error(diags, file, lines[0].line, lines[0].column, "%s", advice);
	return advice;
}
