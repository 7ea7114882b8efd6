/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/range_line.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/addr.h"

static int compare_places(const struct km_rule *a, const struct km_rule *b)
{
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return (a->line > b->line) - (a->line < b->line);
}

static int compare_lines(const void *left, const void *right)
{
	const struct km_range_line *a = left, *b = right;
	int order = compare_places(a->rule, b->rule);

	return order ? order : km_ip_compare(a->rule->ip, b->rule->ip);
}

int km_range_lines(const struct km_rules *sorted, struct km_range_line **lines, size_t *count)
{
	struct km_range_line *list;
	size_t parts = 0, kept = 0;

	*lines = NULL;
	*count = 0;
	for (size_t i = 0; i < sorted->count; i++)
		parts += sorted->list[i].range;
	if (!parts)
		return 0;
	list = malloc(parts * sizeof(*list));
	if (!list)
		return -ENOMEM;
	parts = 0;
	for (size_t i = 0; i < sorted->count; i++) {
		const struct km_rule *rule = &sorted->list[i];

		if (rule->range)
			list[parts++] = (struct km_range_line){rule, km_ip_last(rule->family, rule->ip, rule->len), 1};
	}
	qsort(list, parts, sizeof(*list), compare_lines);
	for (size_t i = 1; i < parts; i++) {
		if (compare_places(list[kept].rule, list[i].rule)) {
			list[++kept] = list[i];
			continue;
		}
		list[kept].last = list[i].last;
		list[kept].parts++;
	}
	*lines = list;
	*count = kept + 1;
	return 0;
}

size_t km_range_line_find(const struct km_range_line *lines, size_t count, const struct km_rule *rule)
{
	size_t low = 0, high = count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (compare_places(lines[middle].rule, rule) <= 0)
			low = middle;
		else
			high = middle;
	}
	return low;
}
