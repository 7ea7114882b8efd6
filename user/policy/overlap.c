/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/overlap.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cleanup.h"
#include "policy/addr.h"
#include "policy/crossing.h"
#include "policy/place.h"
#include "policy/range_line.h"

#define DEPTH 129 /* prefixes of one family, each within the one before */

/* Why a rule decides nothing. */
enum why { DECIDES, DUPLICATE, REFUSED, COVERED, MIXED };

/* A prefix on the path to where the sweep is, with the rules that are written for it, and what covers it. */
struct open_prefix {
	size_t start, end; /* of its rules in the sorted list */
	struct km_ip last;
	struct km_ip next;	    /* the first address not covered by longer prefixes, if `whole` and not `covered` */
	bool whole, covered;	    /* nothing left over so far; nothing left over at all */
	int64_t until;		    /* how long all that covers it holds */
	const struct km_rule *with; /* the first of what covers it */
};

/* What the parts of a range came to so far. */
struct verdict {
	size_t idle;
	enum why why;
	const struct km_rule *other;
};

struct sweep {
	const struct km_rules *rules;
	struct km_diags *diags;
	const struct km_range_line *ranges;
	struct verdict *verdicts; /* of the ranges */
	size_t range_count;
	struct open_prefix open[DEPTH];
	unsigned depth;
};

static void warn(struct km_diags *diags, const struct km_rule *rule, enum why why, const struct km_rule *other)
{
	static const char *const texts[] = {
		[DUPLICATE] = "a duplicate: the same is at %s%s; delete one",
		[REFUSED] = "never matches: the same prefix is refused at %s%s, and deny wins; delete one",
		[COVERED] = "wholly overridden: longer prefixes cover all of it, the first of them at %s%s",
		[MIXED] = "wholly overridden: other rules decide all of it, one of them at %s%s",
	};
	bool longer = why == DUPLICATE && other->until > rule->until;
	char place[KM_PLACE_TEXT];

	km_diag_warning(diags, rule->file, rule->line, rule->column, texts[why],
			km_place_text(rule->file, other->file, other->line, place), longer ? ", and holds longer" : "");
}

static void judge_part(struct sweep *sweep, const struct km_rule *rule, enum why why, const struct km_rule *other)
{
	struct verdict *verdict = &sweep->verdicts[km_range_line_find(sweep->ranges, sweep->range_count, rule)];
	bool same = verdict->why == why && verdict->other->file == other->file && verdict->other->line == other->line;

	if (!verdict->idle++)
		*verdict = (struct verdict){1, why, other};
	else if (!same)
		verdict->why = MIXED;
}

static void judge(struct sweep *sweep, const struct open_prefix *prefix)
{
	const struct km_rule *list = sweep->rules->list, *first = &list[prefix->start], *of_kind = first;

	for (size_t i = prefix->start; i < prefix->end; i++) {
		const struct km_rule *rule = &list[i], *other = NULL;
		enum why why = DECIDES;

		if (rule->deny != of_kind->deny)
			of_kind = rule;
		if (first->deny && !rule->deny && first->until >= rule->until) {
			why = REFUSED;
			other = first;
		} else if (rule != of_kind) {
			why = DUPLICATE;
			other = of_kind;
		} else if (prefix->covered && prefix->until >= rule->until) {
			why = COVERED;
			other = prefix->with;
		}
		if (why && rule->range)
			judge_part(sweep, rule, why, other);
		else if (why)
			warn(sweep->diags, rule, why, other);
	}
}

/* How long the prefix is decided by its own rules or by longer ones. */
static int64_t holds_until(const struct km_rules *rules, const struct open_prefix *prefix)
{
	int64_t until = prefix->covered ? prefix->until : INT64_MIN;

	for (size_t i = prefix->start; i < prefix->end; i++)
		if (rules->list[i].until > until)
			until = rules->list[i].until;
	return until;
}

static void cover(struct open_prefix *outer, const struct open_prefix *inner, const struct km_rules *rules)
{
	const struct km_rule *rule = &rules->list[inner->start];
	int64_t until = holds_until(rules, inner);

	if (!outer->with)
		outer->with = rule;
	if (!outer->whole || km_ip_compare(rule->ip, outer->next)) {
		outer->whole = false;
		return;
	}
	if (until < outer->until)
		outer->until = until;
	if (!km_ip_compare(inner->last, outer->last))
		outer->covered = true;
	else
		km_ip_next(rule->family, inner->last, &outer->next);
}

static void close_prefix(struct sweep *sweep)
{
	struct open_prefix *inner = &sweep->open[--sweep->depth];

	judge(sweep, inner);
	if (sweep->depth)
		cover(inner - 1, inner, sweep->rules);
}

static bool same_prefix(const struct km_rule *a, const struct km_rule *b)
{
	return a->family == b->family && a->len == b->len && !km_ip_compare(a->ip, b->ip);
}

/* The prefixes form a tree, which the order of the list walks: each is judged when all within it have been. */
static void sweep_prefixes(struct sweep *sweep)
{
	const struct km_rules *rules = sweep->rules;

	for (size_t start = 0, end; start < rules->count; start = end) {
		const struct km_rule *rule = &rules->list[start];

		for (end = start + 1; end < rules->count && same_prefix(rule, &rules->list[end]); end++)
			;
		while (sweep->depth) {
			const struct open_prefix *top = &sweep->open[sweep->depth - 1];

			if (rules->list[top->start].family == rule->family && km_ip_compare(rule->ip, top->last) <= 0)
				break;
			close_prefix(sweep);
		}
		sweep->open[sweep->depth++] = (struct open_prefix){
			.start = start,
			.end = end,
			.last = km_ip_last(rule->family, rule->ip, rule->len),
			.next = rule->ip,
			.whole = true,
			.until = KM_FOREVER,
		};
	}
	while (sweep->depth)
		close_prefix(sweep);
}

static void warn_self(const struct km_rules *rules, struct km_diags *diags)
{
	for (unsigned i = 0; i < rules->self_count; i++) {
		const struct km_self_rule *rule = &rules->self[i], *other = NULL;
		char place[KM_PLACE_TEXT];

		for (unsigned j = 0; j < rules->self_count && !other; j++) {
			const struct km_self_rule *by = &rules->self[j];
			bool first = by->until > rule->until || (by->until == rule->until && j < i);

			if (by->deny == rule->deny ? j != i && first : by->deny && by->until >= rule->until)
				other = by;
		}
		if (other)
			km_diag_warning(diags, rule->file, rule->line, rule->column, "%s %s; delete one",
					other->deny == rule->deny ? "a duplicate: the same is at"
								  : "never matches: !@self wins, at",
					km_place_text(rule->file, other->file, other->line, place));
	}
}

void km_rules_warn(const struct km_rules *sorted, struct km_diags *diags)
{
	KM_AUTO_FREE struct km_range_line *ranges = NULL;
	KM_AUTO_FREE struct verdict *verdicts = NULL;
	struct sweep sweep = {.rules = sorted, .diags = diags};

	warn_self(sorted, diags);
	if (km_range_lines(sorted, &ranges, &sweep.range_count)) {
		diags->no_memory = true;
		return;
	}
	verdicts = calloc(sweep.range_count + 1, sizeof(*verdicts));
	if (!verdicts) {
		diags->no_memory = true;
		return;
	}
	sweep.ranges = ranges;
	sweep.verdicts = verdicts;
	sweep_prefixes(&sweep);
	for (size_t i = 0; i < sweep.range_count; i++)
		if (verdicts[i].idle == ranges[i].parts)
			warn(diags, ranges[i].rule, verdicts[i].why, verdicts[i].other);
	if (km_crossings_warn(sorted, ranges, sweep.range_count, diags))
		diags->no_memory = true;
}
