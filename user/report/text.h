/* SPDX-License-Identifier: BSD-2-Clause */
/* What people read. Write errors stay on the stream. */
#ifndef KM_TEXT_H
#define KM_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "plan.h"
#include "policy/bundle.h"
#include "policy/diag.h"
#include "report/view.h"
#include "status.h"

/*
 * "file:line:column: error: message" for each error kept, then for the first `most` warnings, and how many there are
 * where that is not all of them; `diags` must be sorted.
 */
void km_text_diags(FILE *out, const struct km_bundle *bundle, const struct km_diags *diags, size_t most);
void km_text_answer(FILE *out, const struct km_answer *answer);
void km_text_status(FILE *out, const struct km_status *status);
/* The first line of that and the problems: the same text while nothing changes, for a probe. */
void km_text_problems(FILE *out, const struct km_status *status);
void km_text_plan(FILE *out, const struct km_plan *plan);
void km_text_stats(FILE *out, const struct km_stats *stats);
/* One line; the last of `count` alike ones. */
void km_text_denial(FILE *out, const struct km_denial *denial, uint64_t count);
void km_text_top(FILE *out, const struct km_top *top, size_t count);

#endif
