/* SPDX-License-Identifier: BSD-2-Clause */
/* Allowlists: bytes to rules. Pure. Grammar: docs/allowlists.md. */
#ifndef KM_ALLOWLIST_H
#define KM_ALLOWLIST_H

#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"
#include "policy/rule.h"

/*
 * Appends the rules of one list to *rules. Each wrong line gives one error (its first) and no rule; a whole file of
 * another kind (JSON, CSV, UTF-16, …) one error at 1:1. `now` (CLOCK_REALTIME ns) is for the warning "has expired"
 * only. 0 or -ENOMEM.
 */
int km_allowlist_parse(const char *bytes, size_t size, unsigned file, int64_t now, struct km_rules *rules,
		       struct km_diags *diags);

#endif
