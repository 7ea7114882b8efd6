/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/crossing.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "cleanup.h"
#include "policy/addr.h"
#include "policy/place.h"

#define NESTED 129 /* prefixes of one family that hold the same address */

/* From where a rule starts, the widest first. */
static int compare(const struct km_range_line *a, const struct km_range_line *b)
{
	int order;

	if (a->rule->family != b->rule->family)
		return a->rule->family < b->rule->family ? -1 : 1;
	order = km_ip_compare(a->rule->ip, b->rule->ip);
	return order ? order : km_ip_compare(b->last, a->last);
}

static int compare_extents(const void *left, const void *right)
{
	return compare(left, right);
}

static bool ends_before(const struct km_range_line *open, const struct km_range_line *next)
{
	return open->rule->family != next->rule->family || km_ip_compare(open->last, next->rule->ip) < 0;
}

static void warn(const struct km_rule *a, const struct km_rule *b, struct km_diags *diags)
{
	bool later = a->file != b->file ? a->file > b->file : a->line > b->line;
	const struct km_rule *at = later ? a : b, *other = later ? b : a;
	char place[KM_PLACE_TEXT];

	km_diag_warning(diags, at->file, at->line, at->column, "overlaps %s in part; %s",
			km_place_text(at->file, other->file, other->line, place),
			at->deny == other->deny ? "both say the same: one range is enough"
						: "of the prefixes that a range comes to, the longest decides");
}

/* `open` holds what started before, each ending no later than the one below it: what it crosses is on top. */
static void visit(struct km_range_line *open, size_t *depth, const struct km_range_line *next, struct km_diags *diags)
{
	while (*depth && ends_before(&open[*depth - 1], next))
		(*depth)--;
	if (*depth && !compare(&open[*depth - 1], next))
		return;
	if (*depth && km_ip_compare(open[*depth - 1].last, next->last) < 0)
		warn(open[*depth - 1].rule, next->rule, diags);
	while (*depth && km_ip_compare(open[*depth - 1].last, next->last) < 0)
		(*depth)--;
	open[(*depth)++] = *next;
}

int km_crossings_warn(const struct km_rules *sorted, struct km_range_line *ranges, size_t count, struct km_diags *diags)
{
	KM_AUTO_FREE struct km_range_line *open = NULL;
	size_t depth = 0, r = 0;

	if (!count)
		return 0;
	open = malloc((count + NESTED) * sizeof(*open));
	if (!open)
		return -ENOMEM;
	qsort(ranges, count, sizeof(*ranges), compare_extents);
	for (size_t i = 0; i < sorted->count; i++) {
		const struct km_rule *rule = &sorted->list[i];
		struct km_range_line prefix = {rule, km_ip_last(rule->family, rule->ip, rule->len), 1};

		if (rule->range)
			continue;
		while (r < count && compare(&ranges[r], &prefix) < 0)
			visit(open, &depth, &ranges[r++], diags);
		visit(open, &depth, &prefix, diags);
	}
	while (r < count)
		visit(open, &depth, &ranges[r++], diags);
	return 0;
}
