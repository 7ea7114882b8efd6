/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with a line of an allowlist, where, and what to type instead. Pure. */
#ifndef KM_ADVICE_H
#define KM_ADVICE_H

#include <stdbool.h>

#include "policy/diag.h"
#include "policy/scan.h"

/* A line as its errors see it. */
struct km_line {
	const char *start, *end; /* without the line end */
	unsigned number, file;
	struct km_diags *diags;
	bool *comment_advised; /* of the file: that only # starts a comment was explained */
};

/* The end of the word at `at`: the next blank, # or the end of the line. */
const char *km_word_end(const struct km_line *line, const char *at);

/* The error itself, at a byte of the line. */
void km_line_error(const struct km_line *line, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define KM_QUOTE_TEXT 56
/* The word at `at`, cut to what a message shows. Returns `text`. */
const char *km_line_quote(const struct km_line *line, const char *at, char text[KM_QUOTE_TEXT]);

/* Errors for a word that holds a byte no rule has, and for what starts a comment elsewhere; false if it is not so. */
bool km_advise_stray(const struct km_line *line, const char *at);
bool km_advise_comment(const struct km_line *line, const char *at);

/*
 * Exactly one error: `at` is where an address was expected, behind a ! if nothing is left of the line, and the scan
 * says why there is none.
 */
void km_advise_address(const struct km_line *line, const char *at, enum km_scan_fault fault,
		       const struct km_scan *scan);
/* The same for a mapped address at `at`. */
void km_advise_mapped(const struct km_line *line, const char *at, const struct km_scan *scan);

#endif
