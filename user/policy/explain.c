/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/explain.h"

#include <stdio.h>
#include <string.h>

#include "policy/addr.h"

#define EVER INT64_MIN /* as `now`: no rule has expired */

/* What a rule says, for a search. */
enum says { ANYTHING, ALLOW, DENY };

static int compare(const struct km_rule *rule, enum km_family family, struct km_ip ip, unsigned len)
{
	int order;

	if (rule->family != family)
		return rule->family < family ? -1 : 1;
	order = km_ip_compare(rule->ip, ip);
	return order ?: (int)rule->len - (int)len;
}

/* Index of the first rule that is not sorted before the prefix. */
static size_t lower_bound(const struct km_rules *rules, enum km_family family, struct km_ip ip, unsigned len)
{
	size_t low = 0, high = rules->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&rules->list[middle], family, ip, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The rule that decides for ip among those that are valid at `now` and say `says`, or NULL. Asks for each prefix length
 * in turn: a search each, so that a million rules cost microseconds.
 */
static const struct km_rule *decider(const struct km_rules *rules, int64_t now, enum km_family family, struct km_ip ip,
				     enum says says)
{
	for (unsigned len = km_family_bits(family) + 1; len-- > 0;) {
		struct km_ip first = km_ip_first(family, ip, len);
		size_t i = lower_bound(rules, family, first, len);

		for (; i < rules->count && !compare(&rules->list[i], family, first, len); i++) {
			const struct km_rule *rule = &rules->list[i];

			if (km_rule_holds(rule->until, rule->deny, now) &&
			    (says == ANYTHING || rule->deny == (says == DENY)))
				return rule;
		}
	}
	return NULL;
}

static const struct km_self_rule *self_decider(const struct km_rules *rules, int64_t now, bool deny)
{
	for (unsigned i = 0; i < rules->self_count; i++)
		if (rules->self[i].deny == deny && km_rule_holds(rules->self[i].until, deny, now))
			return &rules->self[i];
	return NULL;
}

/* The narrowest failsafe entry that covers ip, or NULL. */
static const struct km_config_failsafe *failsafe_decider(const struct km_config *config, enum km_family family,
							 struct km_ip ip)
{
	const struct km_config_failsafe *best = NULL;

	for (unsigned i = 0; i < config->failsafe_count; i++) {
		const struct km_config_failsafe *entry = &config->failsafe[i];

		if (entry->family == family && !km_ip_compare(km_ip_first(family, ip, entry->len), entry->ip) &&
		    (!best || entry->len > best->len))
			best = entry;
	}
	return best;
}

static bool is_self(const struct km_facts *facts, enum km_family family, struct km_ip ip)
{
	if (km_ip_loopback(family, ip))
		return true;
	for (size_t i = 0; i < facts->own_count; i++)
		if (facts->own[i].family == family && !km_ip_compare(facts->own[i].ip, ip))
			return true;
	return false;
}

static struct km_ip distance(struct km_ip low, struct km_ip high)
{
	struct km_ip result;
	uint32_t borrow = 0;

	for (int i = 3; i >= 0; i--) {
		uint64_t difference = (uint64_t)high.word[i] - low.word[i] - borrow;

		result.word[i] = difference;
		borrow = difference >> 63;
	}
	return result;
}

/* The valid allowing rule whose prefix is numerically nearest to ip, which none covers; or NULL. */
static const struct km_rule *nearest(const struct km_rules *rules, int64_t now, enum km_family family, struct km_ip ip)
{
	const struct km_rule *best = NULL;
	struct km_ip best_miss = {};

	for (size_t i = lower_bound(rules, family, (struct km_ip){}, 0); i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];
		struct km_ip miss;

		if (rule->family != family)
			break;
		if (rule->deny || !km_rule_holds(rule->until, false, now))
			continue;
		if (km_ip_compare(ip, rule->ip) < 0)
			miss = distance(ip, rule->ip);
		else
			miss = distance(km_ip_last(family, rule->ip, rule->len), ip);
		if (!best || km_ip_compare(miss, best_miss) < 0) {
			best = rule;
			best_miss = miss;
		}
	}
	return best;
}

static void name_rule(const struct km_bundle *bundle, const struct km_rule *rule, char *text, size_t size)
{
	char prefix[KM_ADDR_TEXT];

	snprintf(text, size, "%s%s, %s:%u", rule->deny ? "!" : "",
		 km_prefix_format(rule->family, rule->ip, rule->len, prefix), bundle->files[rule->file].name,
		 rule->line);
}

static void name_self(const struct km_bundle *bundle, const struct km_self_rule *rule, char *text, size_t size)
{
	snprintf(text, size, "%s@self, %s:%u", rule->deny ? "!" : "", bundle->files[rule->file].name, rule->line);
}

static void name_miss(const struct km_policy *policy, const struct km_bundle *bundle, int64_t now, unsigned service,
		      enum km_family family, struct km_ip ip, char *text, size_t size)
{
	const struct km_config_service *config = &policy->config.services[service];
	const char *list = config->list_count == 1 ? config->lists[0].name : config->name;
	const struct km_rules *rules = &policy->rules[service];
	const struct km_rule *expired = decider(rules, EVER, family, ip, ALLOW);
	const struct km_rule *near = nearest(rules, now, family, ip);
	size_t first = lower_bound(rules, family, (struct km_ip){}, 0);
	char rule[176], address[KM_ADDR_TEXT];

	if (expired) {
		name_rule(bundle, expired, rule, sizeof(rule));
		snprintf(text, size, "%s has expired", rule);
	} else if (near) {
		name_rule(bundle, near, rule, sizeof(rule));
		snprintf(text, size, "%s is outside %s", km_ip_format(family, ip, address), rule);
	} else if (first < rules->count && rules->list[first].family == family) {
		snprintf(text, size, "%s allows no IPv%c address", list, family == KM_V4 ? '4' : '6');
	} else {
		snprintf(text, size, "%s has no IPv%c rule", list, family == KM_V4 ? '4' : '6');
	}
}

static void decided_by(struct km_explanation *out, enum km_reason reason, unsigned file, unsigned line)
{
	out->reason = reason;
	out->has_rule = true;
	out->file = file;
	out->line = line;
}

static void explain_self(const struct km_rules *rules, const struct km_bundle *bundle, int64_t now,
			 const struct km_config_failsafe *failsafe, struct km_explanation *out)
{
	const struct km_self_rule *deny = self_decider(rules, now, true), *allow = self_decider(rules, now, false);

	if (deny && failsafe) {
		decided_by(out, KM_ALLOWED_FAILSAFE, 0, failsafe->place.line);
		name_self(bundle, deny, out->overrides, sizeof(out->overrides));
	} else if (deny) {
		decided_by(out, KM_DENIED_SOURCE, deny->file, deny->line);
		if (allow)
			name_self(bundle, allow, out->overrides, sizeof(out->overrides));
	} else if (allow) {
		decided_by(out, KM_ALLOWED, allow->file, allow->line);
	} else {
		out->reason = KM_ALLOWED;
	}
}

void km_explain(const struct km_policy *policy, const struct km_bundle *bundle, const struct km_facts *facts,
		unsigned service, enum km_family family, struct km_ip ip, struct km_explanation *out)
{
	const struct km_rules *rules = &policy->rules[service];
	const struct km_rule *rule = decider(rules, km_facts_moment(facts), family, ip, ANYTHING), *other = NULL;
	const struct km_config_failsafe *failsafe = failsafe_decider(&policy->config, family, ip);

	*out = (struct km_explanation){.self = is_self(facts, family, ip)};
	if (out->self) {
		explain_self(rules, bundle, km_facts_moment(facts), failsafe, out);
	} else if (failsafe && (!rule || rule->deny)) {
		decided_by(out, KM_ALLOWED_FAILSAFE, 0, failsafe->place.line);
		other = rule;
	} else if (rule) {
		decided_by(out, rule->deny ? KM_DENIED_SOURCE : KM_ALLOWED, rule->file, rule->line);
		other = decider(rules, km_facts_moment(facts), family, ip, rule->deny ? ALLOW : DENY);
	} else {
		out->reason = KM_DENIED_SOURCE;
		name_miss(policy, bundle, km_facts_moment(facts), service, family, ip, out->near, sizeof(out->near));
	}
	if (other)
		name_rule(bundle, other, out->overrides, sizeof(out->overrides));
	if (out->reason == KM_ALLOWED || out->reason == KM_ALLOWED_FAILSAFE)
		out->verdict = KM_ALLOW;
	else
		out->verdict = policy->config.services[service].enforce ? KM_DENY : KM_AUDIT;
}

bool km_explain_rule(const struct km_policy *policy, const struct km_facts *facts, unsigned service,
		     enum km_family family, struct km_ip ip, unsigned *file, unsigned *line)
{
	const struct km_rule *rule = decider(&policy->rules[service], km_facts_moment(facts), family, ip, ANYTHING);

	if (!rule)
		return false;
	*file = rule->file;
	*line = rule->line;
	return true;
}

enum km_reason km_explain_flow(const struct km_policy *policy, const struct km_facts *facts, unsigned service,
			       enum km_family family, struct km_ip source, struct km_ip destination)
{
	const struct km_rules *rules = &policy->rules[service];
	const struct km_rule *rule;
	bool listed;

	if (is_self(facts, family, source) || km_ip_loopback(family, destination) ||
	    !km_ip_compare(source, destination)) {
		listed = !self_decider(rules, km_facts_moment(facts), true);
	} else {
		rule = decider(rules, km_facts_moment(facts), family, source, ANYTHING);
		listed = rule && !rule->deny;
	}
	if (listed)
		return KM_ALLOWED;
	return failsafe_decider(&policy->config, family, source) ? KM_ALLOWED_FAILSAFE : KM_DENIED_SOURCE;
}
