/* SPDX-License-Identifier: BSD-2-Clause */
/* What people read. Write errors stay on the stream. */
#ifndef KM_TEXT_H
#define KM_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "plan.h"
#include "policy/bundle.h"
#include "policy/diag.h"
#include "report/view.h"
#include "status.h"

/* "file:line:column: error: message" for each, errors first; `diags` must be sorted. */
void km_text_diags(FILE *out, const struct km_bundle *bundle, const struct km_diags *diags);
void km_text_answer(FILE *out, const struct km_answer *answer);
void km_text_status(FILE *out, const struct km_status *status);
void km_text_plan(FILE *out, const struct km_plan *plan);
void km_text_stats(FILE *out, const struct km_stats *stats);
/* One line; the last of `count` alike ones. */
void km_text_denial(FILE *out, const struct km_denial *denial, uint64_t count);
void km_text_top(FILE *out, const struct km_top *top, size_t count);

#endif
