/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/addr.h"

static int add(struct km_changes *changes, const struct km_change *change)
{
	if (changes->count == changes->room) {
		size_t room = changes->room ? 2 * changes->room : 16;
		struct km_change *list = reallocarray(changes->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		changes->list = list;
		changes->room = room;
	}
	changes->list[changes->count++] = *change;
	return 0;
}

/* True if `rule` goes on where `change` ends, and both are parts of one range as written. */
static bool goes_on(const struct km_change *change, const struct km_rule *rule)
{
	struct km_ip next;

	return !change->self && change->file == rule->file && change->line == rule->line &&
	       change->family == rule->family && change->deny == rule->deny && change->until == rule->until &&
	       km_ip_next(change->family, change->last, &next) && !km_ip_compare(next, rule->ip);
}

static int add_rule(struct km_changes *changes, const struct km_rule *rule)
{
	struct km_change *last = changes->count ? &changes->list[changes->count - 1] : NULL;
	struct km_ip end = km_ip_last(rule->family, rule->ip, rule->len);

	if (last && goes_on(last, rule)) {
		last->range = true;
		last->last = end;
		return 0;
	}
	return add(changes, &(struct km_change){
				    .deny = rule->deny,
				    .family = rule->family,
				    .ip = rule->ip,
				    .last = end,
				    .len = rule->len,
				    .until = rule->until,
				    .file = rule->file,
				    .line = rule->line,
			    });
}

/* By all that makes two rules the same rule but `until`, in the order of km_rules_sort(). */
static int compare(const struct km_rule *a, const struct km_rule *b)
{
	int order;

	if (a->family != b->family)
		return (int)a->family - (int)b->family;
	order = km_ip_compare(a->ip, b->ip);
	if (order)
		return order;
	if (a->len != b->len)
		return (int)a->len - (int)b->len;
	return (int)b->deny - (int)a->deny;
}

/* The first valid rule from *at on, NULL at the end: of equal ones the one that lasts longest. *at is behind them. */
static const struct km_rule *next_rule(const struct km_rules *rules, int64_t now, size_t *at)
{
	const struct km_rule *rule;

	while (*at < rules->count && rules->list[*at].until <= now)
		++*at;
	if (*at == rules->count)
		return NULL;
	rule = &rules->list[(*at)++];
	while (*at < rules->count && !compare(rule, &rules->list[*at]))
		++*at;
	return rule;
}

static int diff_rules(const struct km_rules *before, const struct km_rules *after, int64_t now,
		      struct km_service_diff *diff)
{
	size_t at_old = 0, at_new = 0;
	const struct km_rule *old = next_rule(before, now, &at_old), *new = next_rule(after, now, &at_new);
	int r = 0;

	while (!r && (old || new)) {
		int order = !old ? 1 : !new ? -1 : compare(old, new);
		bool same = !order && old->until == new->until;

		if (order <= 0 && !same)
			r = add_rule(&diff->removed, old);
		if (!r && order >= 0 && !same)
			r = add_rule(&diff->added, new);
		if (order <= 0)
			old = next_rule(before, now, &at_old);
		if (order >= 0)
			new = next_rule(after, now, &at_new);
	}
	return r;
}

/* The valid rule about the host itself that lasts longest, or NULL. */
static const struct km_self_rule *self_rule(const struct km_rules *rules, int64_t now, bool deny)
{
	const struct km_self_rule *best = NULL;

	for (unsigned i = 0; i < rules->self_count; i++) {
		const struct km_self_rule *rule = &rules->self[i];

		if (rule->deny == deny && rule->until > now && (!best || rule->until > best->until))
			best = rule;
	}
	return best;
}

static int add_self(struct km_changes *changes, const struct km_self_rule *rule)
{
	return add(changes, &(struct km_change){
				    .self = true,
				    .deny = rule->deny,
				    .until = rule->until,
				    .file = rule->file,
				    .line = rule->line,
			    });
}

static int diff_self(const struct km_rules *before, const struct km_rules *after, int64_t now,
		     struct km_service_diff *diff)
{
	int r = 0;

	for (int deny = 1; deny >= 0 && !r; deny--) {
		const struct km_self_rule *old = self_rule(before, now, deny), *new = self_rule(after, now, deny);

		if (old && new && old->until == new->until)
			continue;
		if (old)
			r = add_self(&diff->removed, old);
		if (!r && new)
			r = add_self(&diff->added, new);
	}
	return r;
}

/* Number of the service of that name, or -1. */
static int find(const struct km_policy *policy, const char *name)
{
	for (unsigned i = 0; policy && i < policy->config.service_count; i++)
		if (!strcmp(policy->config.services[i].name, name))
			return (int)i;
	return -1;
}

static int diff_service(const struct km_policy *const policies[2], const char *name, int64_t now, struct km_diff *diff)
{
	static const struct km_rules none;
	struct km_service_diff *service = &diff->services[diff->count++];
	const struct km_rules *rules[2];
	int r;

	strcpy(service->name, name);
	for (unsigned i = 0; i < 2; i++) {
		int number = find(policies[i], name);

		service->guarded[i] = number >= 0;
		service->enforce[i] = number >= 0 && policies[i]->config.services[number].enforce;
		rules[i] = number >= 0 ? &policies[i]->rules[number] : &none;
	}
	r = diff_self(rules[0], rules[1], now, service);
	return r ?: diff_rules(rules[0], rules[1], now, service);
}

int km_diff(const struct km_policy *before, const struct km_policy *after, int64_t now, struct km_diff *diff)
{
	const struct km_policy *const policies[2] = {before, after};
	int r = 0;

	for (unsigned i = 0; i < after->config.service_count && !r; i++)
		r = diff_service(policies, after->config.services[i].name, now, diff);
	for (unsigned i = 0; before && i < before->config.service_count && !r; i++)
		if (find(after, before->config.services[i].name) < 0)
			r = diff_service(policies, before->config.services[i].name, now, diff);
	return r;
}

void km_diff_free(struct km_diff *diff)
{
	for (unsigned i = 0; i < diff->count; i++) {
		free(diff->services[i].added.list);
		free(diff->services[i].removed.list);
	}
	*diff = (struct km_diff){};
}
