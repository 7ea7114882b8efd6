/* SPDX-License-Identifier: BSD-2-Clause */
#include "random_policy.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "policy/addr.h"

#define NOW 1000
#define WINDOW 6 /* bits in which the addresses of a neighbourhood differ */

/* splitmix64: any seed gives a good sequence, neighbouring ones unrelated sequences. */
uint64_t random_below(uint64_t *seed, uint64_t n)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % n;
}

static bool one_in(struct random_policy *random, unsigned n)
{
	return !random_below(&random->seed, n);
}

static void flip_bit(struct km_ip *ip, unsigned bit)
{
	ip->word[bit / 32] ^= 0x80000000 >> bit % 32;
}

static struct km_ip any_address(struct random_policy *random, enum km_family family)
{
	struct km_ip ip = {};

	for (unsigned i = 0; i < km_family_bits(family) / 32; i++)
		ip.word[i] = random_below(&random->seed, 1ull << 32);
	return ip;
}

/* Where a neighbourhood lies: anywhere, at either end of the space, or around loopback. */
static void make_neighbourhood(struct random_policy *random, enum km_family family, struct random_neighbourhood *out)
{
	static const struct km_ip loopback[KM_FAMILIES] = {{{0x7f000001}}, {{0, 0, 0, 1}}};
	unsigned bits = km_family_bits(family);

	switch (random_below(&random->seed, 6)) {
	case 0:
		out->ip = (struct km_ip){};
		break;
	case 1:
		out->ip = km_ip_last(family, (struct km_ip){}, 0);
		break;
	case 2:
		out->ip = loopback[family];
		break;
	default:
		out->ip = any_address(random, family);
	}
	/* In IPv6 mostly where two words meet, or at the end. */
	out->bit = random_below(&random->seed, bits - WINDOW + 1);
	if (family == KM_V6 && !one_in(random, 3))
		out->bit = 32 * (1 + random_below(&random->seed, 4)) - random_below(&random->seed, WINDOW + 1);
	if (out->bit > bits - WINDOW)
		out->bit = bits - WINDOW;
}

static const struct random_neighbourhood *any_neighbourhood(struct random_policy *random, enum km_family family)
{
	return &random->neighbourhood[family][random_below(&random->seed, RANDOM_NEIGHBOURHOODS)];
}

static struct km_ip neighbour(struct random_policy *random, const struct random_neighbourhood *area)
{
	struct km_ip ip = area->ip;

	for (unsigned i = 0; i < WINDOW; i++)
		if (one_in(random, 2))
			flip_bit(&ip, area->bit + i);
	return ip;
}

static void make_prefix(struct random_policy *random, enum km_family family, struct km_ip *ip, unsigned *len)
{
	const struct random_neighbourhood *area = any_neighbourhood(random, family);

	*ip = neighbour(random, area);
	*len = area->bit + random_below(&random->seed, WINDOW + 1);
	if (one_in(random, 10))
		*len = random_below(&random->seed, km_family_bits(family) + 1);
	if (one_in(random, 10))
		*len = km_family_bits(family);
	*ip = km_ip_first(family, *ip, *len);
}

static void add_rule(struct km_rules *rules, struct km_rule *rule, struct km_ip ip, unsigned len)
{
	rule->ip = ip;
	rule->len = len;
	if (km_rules_add(rules, rule))
		assert(!"out of memory");
}

/* Adds the fewest prefixes that cover first to last: the widest that fits, then the same for the rest. */
static void add_range(struct km_rules *rules, struct km_rule *rule, struct km_ip first, struct km_ip last)
{
	enum km_family family = rule->family;
	struct km_ip end;

	do {
		unsigned len = 0;

		while (km_ip_compare(km_ip_first(family, first, len), first) ||
		       km_ip_compare(km_ip_last(family, first, len), last) > 0)
			len++;
		add_rule(rules, rule, first, len);
		end = km_ip_last(family, first, len);
	} while (km_ip_compare(end, last) < 0 && km_ip_next(family, end, &first));
}

static int64_t any_until(struct random_policy *random)
{
	static const int64_t until[] = {NOW - 1, NOW, NOW + 1, NOW + 1000000};

	return one_in(random, 4) ? until[random_below(&random->seed, 4)] : KM_FOREVER;
}

static void make_rule(struct random_policy *random, struct km_rules *rules, uint32_t line)
{
	enum km_family family = one_in(random, 2) ? KM_V4 : KM_V6;
	struct km_rule rule = {
		.until = any_until(random),
		.line = line,
		.file = 1,
		.family = family,
		.deny = one_in(random, 3),
	};
	struct km_ip ip;
	unsigned len;

	if (one_in(random, 8)) {
		const struct random_neighbourhood *area = any_neighbourhood(random, family);
		struct km_ip a = neighbour(random, area), b = neighbour(random, area);
		bool swap = km_ip_compare(a, b) > 0;

		add_range(rules, &rule, swap ? b : a, swap ? a : b);
	} else {
		make_prefix(random, family, &ip, &len);
		add_rule(rules, &rule, ip, len);
	}
}

static void make_service(struct random_policy *random, unsigned service)
{
	struct km_config_service *config = &random->policy.config.services[service];
	struct km_rules *rules = &random->policy.rules[service];
	/* Now and then enough for a tree of several levels. */
	unsigned lines = random_below(&random->seed, one_in(random, 20) ? 400 : 25);

	snprintf(config->name, sizeof(config->name), "service%u", service);
	config->enforce = one_in(random, 2);
	config->ports[0] = 1000 + 300 * service;
	config->port_count = 1;
	config->lists[0].name = random->files[1].name;
	config->list_count = 1;
	for (unsigned i = 0; i < lines; i++)
		make_rule(random, rules, i + 1);
	if (one_in(random, 3))
		rules->self[rules->self_count++] = (struct km_self_rule){
			.line = lines + 1,
			.file = 1,
			.deny = one_in(random, 2),
			.until = any_until(random),
		};
	km_rules_sort(rules);
}

void random_policy_make(uint64_t seed, struct random_policy *random)
{
	struct km_config *config = &random->policy.config;

	memset(random, 0, sizeof(*random));
	random->seed = seed;
	random->files[0].name = "kubemoat.yaml";
	random->files[1].name = "all.allow";
	random->bundle.files = random->files;
	random->bundle.count = 2;
	for (enum km_family family = KM_V4; family < KM_FAMILIES; family++)
		for (unsigned i = 0; i < RANDOM_NEIGHBOURHOODS; i++)
			make_neighbourhood(random, family, &random->neighbourhood[family][i]);

	random->facts.now = NOW;
	random->facts.own = random->own;
	random->facts.own_count = random_below(&random->seed, RANDOM_OWN + 1);
	for (unsigned i = 0; i < random->facts.own_count; i++) {
		random->own[i].family = one_in(random, 2) ? KM_V4 : KM_V6;
		random->own[i].ip = neighbour(random, any_neighbourhood(random, random->own[i].family));
	}
	config->failsafe_count = random_below(&random->seed, 4);
	for (unsigned i = 0; i < config->failsafe_count; i++) {
		config->failsafe[i].family = one_in(random, 2) ? KM_V4 : KM_V6;
		make_prefix(random, config->failsafe[i].family, &config->failsafe[i].ip, &config->failsafe[i].len);
		config->failsafe[i].place.line = i + 1;
	}
	config->service_count = 1 + random_below(&random->seed, 4);
	for (unsigned i = 0; i < config->service_count; i++)
		make_service(random, i);
}

void random_policy_free(struct random_policy *random)
{
	for (unsigned i = 0; i < KM_SERVICES; i++)
		km_rules_free(&random->policy.rules[i]);
}

/* An address at an edge of the prefix: before, first, inside, last, after. */
static struct km_ip edge(struct random_policy *random, enum km_family family, struct km_ip ip, unsigned len)
{
	struct km_ip first = km_ip_first(family, ip, len), last = km_ip_last(family, ip, len), inside = first;

	switch (random_below(&random->seed, 5)) {
	case 0:
		km_ip_prev(family, first, &first);
		return first;
	case 1:
		return first;
	case 2:
		for (unsigned bit = len; bit < km_family_bits(family); bit++)
			if (one_in(random, 2))
				flip_bit(&inside, bit);
		return inside;
	case 3:
		return last;
	default:
		km_ip_next(family, last, &last);
		return last;
	}
}

static struct km_ip any_loopback(struct random_policy *random, enum km_family family)
{
	return family == KM_V4 ? edge(random, family, (struct km_ip){{0x7f000000}}, 8)
			       : edge(random, family, (struct km_ip){{0, 0, 0, 1}}, 128);
}

/* Aims at something that the policy names; sets the family too. */
static struct km_ip any_source(struct random_policy *random, unsigned service, enum km_family *family)
{
	const struct km_rules *rules = &random->policy.rules[service];
	const struct km_config *config = &random->policy.config;
	unsigned what = random_below(&random->seed, 20);

	if (what < 14 && rules->count) {
		const struct km_rule *rule = &rules->list[random_below(&random->seed, rules->count)];

		*family = rule->family;
		return edge(random, *family, rule->ip, rule->len);
	}
	if (what < 16 && config->failsafe_count) {
		unsigned i = random_below(&random->seed, config->failsafe_count);

		*family = config->failsafe[i].family;
		return edge(random, *family, config->failsafe[i].ip, config->failsafe[i].len);
	}
	if (what < 18 && random->facts.own_count) {
		unsigned i = random_below(&random->seed, random->facts.own_count);

		*family = random->own[i].family;
		return edge(random, *family, random->own[i].ip, km_family_bits(*family));
	}
	*family = one_in(random, 2) ? KM_V4 : KM_V6;
	return what == 19 ? any_loopback(random, *family) : neighbour(random, any_neighbourhood(random, *family));
}

void random_policy_flow(struct random_policy *random, unsigned *service, struct km_flow *flow)
{
	*service = random_below(&random->seed, random->policy.config.service_count);
	flow->source = any_source(random, *service, &flow->family);
	flow->via = random_below(&random->seed, 3);
	switch (random_below(&random->seed, 8)) {
	case 0:
		flow->destination = flow->source;
		break;
	case 1:
		flow->destination = any_loopback(random, flow->family);
		break;
	case 2:
		flow->destination = neighbour(random, any_neighbourhood(random, flow->family));
		break;
	default:
		flow->destination = any_address(random, flow->family);
	}
}
