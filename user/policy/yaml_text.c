/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/yaml_text.h"

#include <stdint.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

size_t km_yaml_text_mark(const char *bytes, size_t size)
{
	size_t length = sizeof(BYTE_ORDER_MARK) - 1;

	return size >= length && !memcmp(bytes, BYTE_ORDER_MARK, length) ? length : 0;
}

/* Decodes the character at p; the bytes that it takes, or 0 if they are not UTF-8. */
static size_t decode(const unsigned char *p, size_t left, uint32_t *code)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least; /* a smaller code would have a shorter form */
	} forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t n = 1; n <= sizeof(forms) / sizeof(forms[0]) && n <= left; n++) {
		if ((p[0] & forms[n - 1].mask) != forms[n - 1].lead)
			continue;
		*code = p[0] & (unsigned char)~forms[n - 1].mask;
		for (size_t i = 1; i < n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			*code = *code << 6 | (p[i] & 0x3f);
		}
		if (*code < forms[n - 1].least || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
			return 0;
		return n;
	}
	return 0;
}

/* Next line, line and paragraph separator end a line for YAML only; the others are no characters to write with. */
static bool is_refused(uint32_t code)
{
	return (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029 || code == 0xfeff ||
	       (code & 0xfffe) == 0xfffe;
}

static bool is_utf16(const char *bytes, size_t size)
{
	return size >= 2 && (!memcmp(bytes, "\xff\xfe", 2) || !memcmp(bytes, "\xfe\xff", 2) || !bytes[0] != !bytes[1]);
}

bool km_yaml_text_check(const char *bytes, size_t size, struct km_diags *diags)
{
	const unsigned char *p = (const unsigned char *)bytes;
	size_t line_start = km_yaml_text_mark(bytes, size), n;
	unsigned line = 1;

	if (size > KM_YAML_MAX) {
		km_diag_error(diags, 0, 1, 1, "the file is larger than 1 MiB; addresses belong in allowlists");
		return false;
	}
	if (is_utf16(bytes, size)) {
		km_diag_error(diags, 0, 1, 1, "the file is UTF-16; save it as UTF-8");
		return false;
	}
	for (size_t i = line_start; i < size; i += n) {
		unsigned column = i - line_start + 1;
		uint32_t code;

		n = decode(p + i, size - i, &code);
		if (!n) {
			km_diag_error(diags, 0, line, column, "byte 0x%02x is not UTF-8; save the file as UTF-8", p[i]);
			return false;
		}
		if (code == '\n') {
			line++;
			line_start = i + 1;
		} else if (code == '\r' && (i + 1 == size || p[i + 1] != '\n')) {
			km_diag_error(diags, 0, line, column, "a carriage return alone; end lines with LF or CR LF");
			return false;
		} else if (code < ' ' && code != '\t' && code != '\r') {
			km_diag_error(diags, 0, line, column, "control byte 0x%02x; remove it", (unsigned)code);
			return false;
		} else if (is_refused(code)) {
			km_diag_error(diags, 0, line, column, "character U+%04X cannot stand here; remove it",
				      (unsigned)code);
			return false;
		}
	}
	return true;
}

void km_yaml_cursor_init(struct km_yaml_cursor *cursor, const char *bytes, size_t size)
{
	size_t start = km_yaml_text_mark(bytes, size);

	*cursor =
		(struct km_yaml_cursor){.bytes = bytes, .size = size, .offset = start, .line_start = start, .line = 1};
}

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

struct km_place km_yaml_cursor_seek(struct km_yaml_cursor *cursor, size_t index)
{
	if (index < cursor->index)
		km_yaml_cursor_init(cursor, cursor->bytes, cursor->size);
	while (cursor->index < index && cursor->offset < cursor->size) {
		if (cursor->bytes[cursor->offset++] == '\n') {
			cursor->line++;
			cursor->line_start = cursor->offset;
		}
		while (cursor->offset < cursor->size && is_continuation(cursor->bytes[cursor->offset]))
			cursor->offset++;
		cursor->index++;
	}
	return (struct km_place){.line = cursor->line, .column = cursor->offset - cursor->line_start + 1};
}
