/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of one service that say the same, override each other wholly, or overlap in part. Pure. */
#ifndef KM_OVERLAP_H
#define KM_OVERLAP_H

#include "policy/diag.h"
#include "policy/rule.h"

/*
 * Warns of each line that decides nothing for as long as it holds, and of ranges that overlap another rule in part;
 * of ranges that overlap in a chain at least one is named. `sorted` is as km_rules_sort() leaves it. Lack of memory
 * shows in *diags.
 */
void km_rules_warn(const struct km_rules *sorted, struct km_diags *diags);

#endif
