/* SPDX-License-Identifier: BSD-2-Clause */
/* What programs read: one JSON object and a newline each. Keys are stable. Write errors stay on the stream. */
#ifndef KM_JSON_H
#define KM_JSON_H

#include <stdint.h>
#include <stdio.h>

#include "plan.h"
#include "policy/bundle.h"
#include "policy/diag.h"
#include "report/view.h"
#include "status.h"

/* `result` and `generation` of a load or reload; NULL: only whether the files are valid. `diags` must be sorted. */
void km_json_diags(FILE *out, const struct km_bundle *bundle, const struct km_diags *diags, const char *result,
		   uint64_t generation, int64_t trial_until);
void km_json_answer(FILE *out, const struct km_answer *answer);
void km_json_status(FILE *out, const struct km_status *status);
void km_json_plan(FILE *out, const struct km_plan *plan);
void km_json_stats(FILE *out, const struct km_stats *stats);
void km_json_denial(FILE *out, const struct km_denial *denial);
void km_json_top(FILE *out, const struct km_top *top);

#endif
