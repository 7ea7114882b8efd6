/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/stray.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

bool km_is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

const char *km_stray_find(const char *at, const char *end)
{
	for (; at < end; at++)
		if (km_is_control(*at) || (unsigned char)*at >= 0x80)
			return at;
	return NULL;
}

/* The code point at `at`, or -1 if that is not UTF-8. */
static long code_point(const char *at, const char *end)
{
	static const long least[] = {0, 0x80, 0x800, 0x10000};
	unsigned char lead = *at;
	unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
	long point = lead & (0x3f >> more);

	if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) <= more)
		return -1;
	for (unsigned i = 1; i <= more; i++) {
		if (((unsigned char)at[i] & 0xc0) != 0x80)
			return -1;
		point = point << 6 | (at[i] & 0x3f);
	}
	if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return -1;
	return point;
}

static const struct {
	long first, last;
	const char *name, *advice;
} characters[] = {
	{0xa0, 0xa0, "no-break space", "type a plain blank instead"},
	{0x2000, 0x200a, "a wide or narrow space", "type a plain blank instead"},
	{0x200b, 0x200f, "invisible", "delete it and type the line again"},
	{0x2010, 0x2015, "a dash", "type the plain - of the keyboard"},
	{0x2018, 0x201f, "a typographic quote", "delete it; a rule has no quotes"},
	{0x2028, 0x202e, "invisible", "delete it and type the line again"},
	{0x202f, 0x202f, "narrow no-break space", "type a plain blank instead"},
	{0x2060, 0x2069, "invisible", "delete it and type the line again"},
	{0x2212, 0x2212, "minus sign", "type the plain - of the keyboard"},
	{0x3000, 0x3000, "ideographic space", "type a plain blank instead"},
	{0xfeff, 0xfeff, "byte order mark", "delete it; files were joined here"},
	{0xff01, 0xff5e, "a full-width form", "type the plain ASCII character"},
};

static const char *describe_point(long point, char text[KM_STRAY_TEXT])
{
	for (size_t i = 0; i < sizeof(characters) / sizeof(characters[0]); i++)
		if (point >= characters[i].first && point <= characters[i].last) {
			snprintf(text, KM_STRAY_TEXT, "U+%04lX (%s) is not ASCII: %s", point, characters[i].name,
				 characters[i].advice);
			return text;
		}
	snprintf(text, KM_STRAY_TEXT, "U+%04lX is not ASCII: rules are ASCII; type the letter or digit that is meant",
		 point);
	return text;
}

static const char *describe_control(unsigned char c, char text[KM_STRAY_TEXT])
{
	switch (c) {
	case '\0':
		return "a NUL byte: the file was damaged, or is no text; write it again";
	case '\r':
		return "a carriage return (CR) that no LF follows: end each line with LF or CR LF";
	case '\f':
		return "a form feed: delete it; blanks and tabs separate words";
	default:
		snprintf(text, KM_STRAY_TEXT, "control byte 0x%02x: delete it; blanks and tabs separate words", c);
		return text;
	}
}

const char *km_stray_describe(const char *at, const char *end, char text[KM_STRAY_TEXT])
{
	long point;

	if (km_is_control(*at))
		return describe_control(*at, text);
	point = code_point(at, end);
	if (point >= 0)
		return describe_point(point, text);
	snprintf(text, KM_STRAY_TEXT, "byte 0x%02x is not UTF-8: save the file as UTF-8 or plain ASCII",
		 (unsigned char)*at);
	return text;
}
