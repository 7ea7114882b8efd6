/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/allowlist.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "policy/addr.h"
#include "policy/advice.h"
#include "policy/foreign.h"
#include "policy/martian.h"
#include "policy/scan.h"
#include "policy/stray.h"
#include "policy/timestamp.h"
#include "policy/trailing.h"

#define SHORTEST_LINE 8 /* bytes of one that holds an IPv4 address; few lists have many that are shorter */
#define UNTIL "until"
#define RANGE "198.51.100.10-198.51.100.20"

/* A list while it is read, line by line. */
struct parser {
	struct km_line line;
	struct km_rules *rules;
	int64_t now;
	bool crlf_warned;
	bool comment_advised;
};

/* What a rule is about. */
struct target {
	bool self, any, range;
	enum km_family family; /* of first and last, if neither self nor any */
	struct km_ip first, last;
	unsigned len; /* if a prefix: neither of these three */
};

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static bool is_over(const struct km_line *line, const char *at)
{
	return at == line->end || *at == '#';
}

static bool is_word(const struct km_line *line, const char *at, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(km_word_end(line, at) - at) == length && !memcmp(at, word, length);
}

/* The functions that read move *at behind what they read; on false the line's error was given. */

static bool read_keyword(const struct km_line *line, const char **at, struct target *target)
{
	static const char *const known[] = {"@self", "@any", NULL};

	target->self = is_word(line, *at, known[0]);
	target->any = is_word(line, *at, known[1]);
	if (!target->self && !target->any) {
		km_advise_keyword(line, *at, known);
		return false;
	}
	*at = km_word_end(line, *at);
	return true;
}

static bool read_address(const struct km_line *line, const char **at, struct km_scan *scan)
{
	enum km_scan_fault fault = km_scan_address(*at, line->end, scan);

	if (fault) {
		km_advise_address(line, *at, fault, scan);
		return false;
	}
	if (km_scan_mapped(scan)) {
		km_advise_mapped(line, *at, scan);
		return false;
	}
	*at = scan->at;
	return true;
}

/* *at is behind the slash. */
static bool read_length(const struct km_line *line, const char **at, const struct km_scan *scan, unsigned *len)
{
	const char *start = *at, *digit = start;
	unsigned number = 0;

	while (digit < line->end && digit - start < 4 && (unsigned char)(*digit - '0') < 10)
		number = number * 10 + (*digit++ - '0');
	if (digit == start || number > km_family_bits(scan->family) || (*start == '0' && digit - start > 1) ||
	    (digit < line->end && (*digit == '.' || *digit == ':'))) {
		km_advise_length(line, start, scan);
		return false;
	}
	*at = digit;
	*len = number;
	return true;
}

/* Behind the first address of a prefix, *at is the slash. */
static bool read_prefix(const struct km_line *line, const char *address, const char **at, const struct km_scan *scan,
			struct target *target)
{
	const char *length = *at + 1, *next;
	char network[KM_ADDR_TEXT], host[KM_ADDR_TEXT];

	*at = length;
	if (!read_length(line, at, scan, &target->len))
		return false;
	next = skip_blanks(*at, line->end);
	if (next < line->end && *next == '-') {
		km_line_error(line, length, "a range has no prefix lengths; write its first and last address");
		return false;
	}
	target->first = km_ip_first(scan->family, scan->ip, target->len);
	target->last = km_ip_last(scan->family, scan->ip, target->len);
	if (!km_ip_compare(target->first, scan->ip))
		return true;
	km_line_error(line, address, "host bits are set; write %s for the network%s or %s for the host",
		      km_prefix_format(scan->family, target->first, target->len, network),
		      target->len ? "" : " (everyone)", km_ip_format(scan->family, scan->ip, host));
	return false;
}

/* Behind the first address of a range, *at is the dash. */
static bool read_range(const struct km_line *line, const char **at, struct target *target)
{
	const char *second = skip_blanks(*at + 1, line->end);
	char first[KM_ADDR_TEXT], last[KM_ADDR_TEXT];
	struct km_scan scan;

	if (is_over(line, second)) {
		km_line_error(line, *at, "the second address of the range is missing; write " RANGE);
		return false;
	}
	if (km_scan_address(second, line->end, &scan) == KM_SCAN_FEW && scan.family == KM_V4) {
		km_line_error(line, second, "the second address of a range is written in full too, as in " RANGE);
		return false;
	}
	*at = second;
	if (!read_address(line, at, &scan))
		return false;
	if (*at < line->end && **at == '/') {
		km_line_error(line, *at + (line->end - *at > 1),
			      "a range has no prefix lengths; write its first and last address");
		return false;
	}
	if (scan.family != target->family) {
		km_line_error(line, second, "a range stays in one family; write one range for IPv4 and one for IPv6");
		return false;
	}
	target->range = true;
	target->last = scan.ip;
	if (km_ip_compare(target->first, target->last) <= 0)
		return true;
	km_line_error(line, second, "the range runs backward; write %s-%s", km_ip_format(scan.family, scan.ip, last),
		      km_ip_format(scan.family, target->first, first));
	return false;
}

static bool read_target(const struct km_line *line, const char **at, struct target *target)
{
	const char *start = *at, *next;
	struct km_scan scan;

	if (start < line->end && *start == '@')
		return read_keyword(line, at, target);
	if (!read_address(line, at, &scan))
		return false;
	target->family = scan.family;
	target->first = scan.ip;
	target->last = scan.ip;
	target->len = km_family_bits(scan.family);
	if (*at < line->end && **at == '/')
		return read_prefix(line, start, at, &scan, target);
	next = skip_blanks(*at, line->end);
	if (next == line->end || *next != '-')
		return true;
	*at = next;
	return read_range(line, at, target);
}

/* What may follow the target: blanks, until and a moment, a comment. *moment is where it stands, or NULL. */
static bool read_rest(const struct km_line *line, const char **at, int64_t *until, const char **moment)
{
	const char *next = skip_blanks(*at, line->end), *word, *end, *wrong, *why;

	*moment = NULL;
	if (is_over(line, next)) {
		*at = next;
		return true;
	}
	if (next == *at || !is_word(line, next, UNTIL)) {
		km_advise_rest(line, *at, next);
		return false;
	}
	word = skip_blanks(next + strlen(UNTIL), line->end);
	if (is_over(line, word)) {
		km_line_error(line, next, "the moment after \"until\" is missing; write until 2026-12-01T18:00:00Z");
		return false;
	}
	end = km_word_end(line, word);
	if (km_timestamp_parse(word, end, until, &wrong, &why)) {
		if (!km_advise_stray(line, word))
			km_line_error(line, wrong, "%s", why);
		return false;
	}
	*moment = word;
	*at = skip_blanks(end, line->end);
	if (is_over(line, *at))
		return true;
	km_advise_rest(line, end, *at);
	return false;
}

/* *at is at the end of the line or at its comment. */
static bool read_comment(const struct km_line *line, const char *at)
{
	char text[KM_STRAY_TEXT];

	for (; at < line->end; at++) {
		if (!km_is_control(*at))
			continue;
		km_line_error(line, at, "%s", km_stray_describe(at, line->end, text));
		return false;
	}
	return true;
}

static unsigned column_of(const struct km_line *line, const char *at)
{
	return at - line->start + 1;
}

static void warn(const struct km_line *line, const char *at, const char *what, const char *advice)
{
	km_diag_warning(line->diags, line->file, line->number, column_of(line, at), "%s%s", what, advice);
}

static bool covers_family(const struct target *target)
{
	struct km_ip zero = {}, last = km_ip_last(target->family, zero, 0);

	return !km_ip_compare(target->first, zero) && !km_ip_compare(target->last, last);
}

/* What is valid and yet may not be meant. */
static void warn_rule(const struct parser *p, const struct target *target, const struct km_rule *rule, const char *at,
		      const char *moment)
{
	const char *martian = NULL;

	if (moment && rule->until <= p->now) {
		warn(&p->line, moment, "this rule has expired", "; delete it");
		return;
	}
	if (target->self)
		return;
	if (!rule->deny && (target->any || covers_family(target)))
		warn(&p->line, at, "this rule lets everyone in",
		     target->any ? "" : " who comes with this family of addresses (prefix length 0)");
	if (!target->any)
		martian = km_martian(target->family, target->first, target->last);
	/* Exceptions over loopback are told apart by what the whole policy says of this host. */
	if (martian && !(rule->deny && km_ip_loopback(target->family, target->first)))
		warn(&p->line, at, "this rule never matches: ", martian);
}

static void add_self(struct parser *p, const struct km_self_rule *self)
{
	if (!km_rules_add_self(p->rules, self))
		km_diag_warning(p->line.diags, self->file, self->line, self->column,
				"a duplicate: enough rules about @self are written before; delete it");
}

static int add_any(struct km_rules *rules, struct km_rule *rule)
{
	int err = 0;

	for (unsigned family = 0; !err && family < KM_FAMILIES; family++) {
		rule->family = family;
		err = km_rules_add(rules, rule);
	}
	return err;
}

static int add_rule(struct parser *p, const struct target *target, struct km_rule *rule)
{
	p->rules->written++;
	if (target->self) {
		add_self(p, &(struct km_self_rule){.line = rule->line,
						   .file = rule->file,
						   .column = rule->column,
						   .deny = rule->deny,
						   .until = rule->until});
		return 0;
	}
	if (target->any)
		return add_any(p->rules, rule);
	rule->family = target->family;
	rule->ip = target->first;
	rule->len = target->len;
	return target->range ? km_rules_add_range(p->rules, rule, target->last) : km_rules_add(p->rules, rule);
}

static int parse_line(struct parser *p)
{
	const struct km_line *line = &p->line;
	const char *start = skip_blanks(line->start, line->end), *at = start, *moment;
	struct km_rule rule = {.until = KM_FOREVER, .line = line->number, .file = line->file};
	struct target target = {};

	if (is_over(line, at)) {
		read_comment(line, at);
		return 0;
	}
	rule.column = column_of(line, start) <= UINT16_MAX ? column_of(line, start) : UINT16_MAX;
	rule.deny = *at == '!';
	at += rule.deny;
	if (!read_target(line, &at, &target) || !read_rest(line, &at, &rule.until, &moment) || !read_comment(line, at))
		return 0;
	warn_rule(p, &target, &rule, start, moment);
	return add_rule(p, &target, &rule);
}

/* Takes the end of the line off: LF is not in it, CR LF is warned of once. */
static void end_line(struct parser *p, const char *start, const char *newline, const char *end)
{
	struct km_line *line = &p->line;

	line->start = start;
	line->end = newline ? newline : end;
	line->number++;
	if (!newline || newline == start || newline[-1] != '\r')
		return;
	line->end--;
	if (!p->crlf_warned)
		warn(line, line->end, "lines end with CR LF, as Windows writes them", "; LF alone is enough");
	p->crlf_warned = true;
}

int km_allowlist_parse(const char *bytes, size_t size, unsigned file, int64_t now, struct km_rules *rules,
		       struct km_diags *diags)
{
	struct parser p = {.line = {.file = file, .diags = diags}, .rules = rules, .now = now};
	const char *at = bytes, *end = bytes + size;
	int err = 0;

	p.line.comment_advised = &p.comment_advised;
	if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3)) {
		km_diag_warning(diags, file, 1, 1, "a byte order mark is skipped; save the file as UTF-8 without one");
		at += 3;
	}
	if (km_foreign(at, end - at, file, diags))
		return 0;
	km_rules_expect(rules, (end - at) / SHORTEST_LINE);
	while (!err && at < end) {
		const char *newline = memchr(at, '\n', end - at);

		end_line(&p, at, newline, end);
		err = parse_line(&p);
		at = newline ? newline + 1 : end;
	}
	return err;
}
