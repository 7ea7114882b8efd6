/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole files that are no allowlist but something else: recognised by their first lines. Pure. */
#ifndef KM_FOREIGN_H
#define KM_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/diag.h"

/*
 * True if the file is of another kind: then diags has one error for all of it, with what to do instead, at 1:1, or at
 * its first line that is neither blank nor a comment. `bytes` is without a UTF-8 byte order mark.
 */
bool km_foreign(const char *bytes, size_t size, unsigned file, struct km_diags *diags);

#endif
