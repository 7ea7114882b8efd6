/* SPDX-License-Identifier: BSD-2-Clause */
/* Ranges that overlap another rule in part: neither lies in the other. Pure. */
#ifndef KM_CROSSING_H
#define KM_CROSSING_H

#include <stddef.h>

#include "policy/diag.h"
#include "policy/range_line.h"
#include "policy/rule.h"

/* Warns of each, at the later line of the two; of a chain of them at least once. Sorts `ranges`. 0 or -ENOMEM. */
int km_crossings_warn(const struct km_rules *sorted, struct km_range_line *ranges, size_t count,
		      struct km_diags *diags);

#endif
