/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of kubemoat.yaml before YAML: what may stand in it, and where a character of it is. Pure. */
#ifndef KM_YAML_TEXT_H
#define KM_YAML_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/config.h"
#include "policy/diag.h"

#define KM_YAML_MAX (1u << 20) /* bytes; what a ConfigMap holds */

/* Bytes of the byte order mark at the start: 0 or 3. Columns do not count them. */
size_t km_yaml_text_mark(const char *bytes, size_t size);

/*
 * True if it is UTF-8 without anything that an editor would not show as what it is: control bytes but tab, LF and
 * CR LF, characters that only YAML takes for a line's end, byte order marks in the middle. Else one error, at the first
 * byte that is wrong.
 */
bool km_yaml_text_check(const char *bytes, size_t size, struct km_diags *diags);

/* Turns libyaml's positions, which count characters, into lines and byte columns. */
struct km_yaml_cursor {
	const char *bytes;
	size_t size;
	size_t index;	   /* characters before `offset`, a byte order mark not counted */
	size_t offset;	   /* bytes */
	size_t line_start; /* offset where the line starts */
	unsigned line;
};

void km_yaml_cursor_init(struct km_yaml_cursor *cursor, const char *bytes, size_t size);
/* Place of character `index` (the end of the text if there are fewer); fast if called with growing indexes. */
struct km_place km_yaml_cursor_seek(struct km_yaml_cursor *cursor, size_t index);

#endif
