/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with the files, as data: every error and warning with its place. Printing is report's. */
#ifndef KM_DIAG_H
#define KM_DIAG_H

#include <stdbool.h>
#include <stddef.h>

enum km_severity { KM_ERROR_DIAG, KM_WARNING_DIAG };

struct km_diag {
	unsigned file;	 /* index into the bundle's files */
	unsigned line;	 /* from 1 */
	unsigned column; /* bytes from 1; a byte order mark counts as none */
	enum km_severity severity;
	char *message; /* owned by the list; one line, UTF-8, control bytes escaped */
};

/* Zero-initialise. Keeps the first KM_DIAGS_MAX of each severity and counts the rest. */
struct km_diags {
	struct km_diag *list;
	size_t count, room;
	size_t errors, warnings; /* seen, also those not kept */
	bool no_memory;		 /* at least one was lost for lack of memory: treat as an error */
};

#define KM_DIAGS_MAX 10000 /* of each severity; further ones are counted only */

void km_diag_error(struct km_diags *diags, unsigned file, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void km_diag_warning(struct km_diags *diags, unsigned file, unsigned line, unsigned column, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Errors before warnings, each by file, line, column; stable. */
void km_diags_sort(struct km_diags *diags);
void km_diags_free(struct km_diags *diags);

#endif
