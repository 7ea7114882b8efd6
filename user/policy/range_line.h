/* SPDX-License-Identifier: BSD-2-Clause */
/* The ranges of a list put together again from their prefixes. Pure. */
#ifndef KM_RANGE_LINE_H
#define KM_RANGE_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/rule.h"

/* A line that holds a range which came to more than one prefix. */
struct km_range_line {
	const struct km_rule *rule; /* the first of its prefixes */
	struct km_ip last;
	size_t parts; /* prefixes */
};

/* All of them by file and line; *lines is the caller's, NULL if there are none. 0 or -ENOMEM. */
int km_range_lines(const struct km_rules *sorted, struct km_range_line **lines, size_t *count);

/* Number of the line that a rule with `range` set is part of. */
size_t km_range_line_find(const struct km_range_line *lines, size_t count, const struct km_rule *rule);

#endif
