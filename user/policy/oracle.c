/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/oracle.h"

#include <string.h>

static bool covers(enum km_family family, struct km_ip prefix, unsigned len, enum km_family of, struct km_ip ip)
{
	if (family != of)
		return false;
	for (unsigned i = 0; i * 32 < len; i++) {
		unsigned bits = len - i * 32 < 32 ? len - i * 32 : 32;

		if ((prefix.word[i] ^ ip.word[i]) >> (32 - bits))
			return false;
	}
	return true;
}

static bool loopback(enum km_family family, struct km_ip ip)
{
	const struct km_ip v4 = {{0x7f000000}}, v6 = {{0, 0, 0, 1}};

	return covers(KM_V4, v4, 8, family, ip) || covers(KM_V6, v6, 128, family, ip);
}

static bool own(const struct km_facts *facts, enum km_family family, struct km_ip ip)
{
	for (size_t i = 0; i < facts->own_count; i++)
		if (facts->own[i].family == family && !memcmp(&facts->own[i].ip, &ip, sizeof(ip)))
			return true;
	return false;
}

static bool failsafe(const struct km_config *config, enum km_family family, struct km_ip ip)
{
	for (unsigned i = 0; i < config->failsafe_count; i++)
		if (covers(config->failsafe[i].family, config->failsafe[i].ip, config->failsafe[i].len, family, ip))
			return true;
	return false;
}

static bool denies_self(const struct km_rules *rules, int64_t now)
{
	for (unsigned i = 0; i < rules->self_count; i++)
		if (rules->self[i].deny && (rules->self[i].until > now || now == KM_DOUBTED))
			return true;
	return false;
}

/* The longest prefix that covers decides; of two that are equal the denial. */
static bool lists_allow(const struct km_rules *rules, int64_t now, enum km_family family, struct km_ip ip)
{
	const struct km_rule *best = NULL;

	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];

		/* Where the clock is doubted: permissions with an end are over, denials with one are not. */
		if (now == KM_DOUBTED ? rule->until != KM_FOREVER && !rule->deny : rule->until <= now)
			continue;
		if (!covers(rule->family, rule->ip, rule->len, family, ip))
			continue;
		if (!best || rule->len > best->len || (rule->len == best->len && rule->deny))
			best = rule;
	}
	return best && !best->deny;
}

enum km_reason km_oracle(const struct km_policy *policy, const struct km_facts *facts, unsigned service,
			 const struct km_flow *flow)
{
	const struct km_rules *rules = &policy->rules[service];
	enum km_family family = flow->family;
	bool to_itself = loopback(family, flow->source) || loopback(family, flow->destination) ||
			 !memcmp(&flow->source, &flow->destination, sizeof(flow->source));
	bool is_own = own(facts, family, flow->source);
	bool is_failsafe = failsafe(&policy->config, family, flow->source);

	/* What only the host can say to itself did not come from it. */
	if (flow->via == KM_VIA_WIRE && (to_itself || is_own))
		return KM_DENIED_MARTIAN;
	/* The host itself: only !@self takes it away, and no list a failsafe source. */
	if (flow->via == KM_VIA_LO || (flow->via == KM_VIA_UNKNOWN && (to_itself || is_own))) {
		if (!denies_self(rules, facts->now))
			return KM_ALLOWED;
		return is_failsafe ? KM_ALLOWED_FAILSAFE : KM_DENIED_SOURCE;
	}
	if (lists_allow(rules, facts->now, family, flow->source))
		return KM_ALLOWED;
	if (is_failsafe)
		return KM_ALLOWED_FAILSAFE;
	return KM_DENIED_SOURCE;
}
