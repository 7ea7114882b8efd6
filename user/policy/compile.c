/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/compile.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "policy/addr.h"
#include "policy/big.h"
#include "policy/set_v4.h"
#include "policy/set_v6.h"

#define MAX_NESTED (128 + 1) /* prefixes of different length that cover one address */

/*
 * The sweep over the sorted rules. They come as the nested prefixes open: a prefix starts, lies on the stack on top of
 * those that contain it, and ends before the next one that it does not contain. The top of the stack decides.
 *
 *	10.0.0.0/8       |-----------------------------|      allowed
 *	!10.0.64.0/18          |-----------|                  denied
 *	10.0.66.0/24               |---|                      allowed
 *	ranges           ------    -----    ------------
 */
struct sweep {
	enum km_family family;
	struct nested {
		struct km_ip last;
		unsigned len;
		bool deny;
	} nested[MAX_NESTED];
	unsigned depth;
	struct km_range *ranges;
	size_t count;
	bool open; /* the last range has no end yet */
};

/* From `ip` on addresses are allowed or not, as far as is known yet: the same `ip` may come again and counts then. */
static void sweep_flip(struct sweep *s, struct km_ip ip, bool allow)
{
	struct km_range *last = s->count ? &s->ranges[s->count - 1] : NULL;
	struct km_ip before;

	if (allow == s->open)
		return;
	s->open = allow;
	if (!allow && !km_ip_compare(last->first, ip))
		s->count--;
	else if (!allow)
		km_ip_prev(s->family, ip, &last->last);
	else if (!last || !km_ip_prev(s->family, ip, &before) || km_ip_compare(last->last, before))
		s->ranges[s->count++].first = ip;
}

/* Closes the prefixes that end before `next`, or all of them (NULL). */
static void sweep_close(struct sweep *s, const struct km_ip *next)
{
	while (s->depth && (!next || km_ip_compare(s->nested[s->depth - 1].last, *next) < 0)) {
		struct km_ip after;

		s->depth--;
		if (km_ip_next(s->family, s->nested[s->depth].last, &after))
			sweep_flip(s, after, s->depth && !s->nested[s->depth - 1].deny);
	}
}

static void sweep_rule(struct sweep *s, const struct km_rule *rule)
{
	struct nested *top;

	sweep_close(s, &rule->ip);
	top = s->depth ? &s->nested[s->depth - 1] : NULL;
	/* The same prefix again: of those, sorted, the first decides. */
	if (top && top->len == rule->len)
		return;
	s->nested[s->depth++] = (struct nested){
		.last = km_ip_last(s->family, rule->ip, rule->len),
		.len = rule->len,
		.deny = rule->deny,
	};
	sweep_flip(s, rule->ip, !rule->deny);
}

int km_rules_ranges(const struct km_rules *rules, enum km_family family, int64_t now, struct km_range **ranges,
		    size_t *count)
{
	struct sweep s = {.family = family};
	size_t valid = 0;

	for (size_t i = 0; i < rules->count; i++)
		valid += rules->list[i].family == family &&
			 km_rule_holds(rules->list[i].until, rules->list[i].deny, now);
	*ranges = NULL;
	*count = 0;
	if (!valid)
		return 0;
	/* A rule flips twice, where it starts and where it ends, and every other flip opens a range. */
	s.ranges = km_big_alloc(valid * sizeof(*s.ranges));
	if (!s.ranges)
		return -ENOMEM;
	for (size_t i = 0; i < rules->count; i++)
		if (rules->list[i].family == family && km_rule_holds(rules->list[i].until, rules->list[i].deny, now))
			sweep_rule(&s, &rules->list[i]);
	sweep_close(&s, NULL);
	if (s.open)
		s.ranges[s.count - 1].last = km_ip_last(family, (struct km_ip){}, 0);
	*ranges = s.ranges;
	*count = s.count;
	return 0;
}

/* Takes the addresses of `cuts` out of `ranges`; both ascending and disjoint. */
static int ranges_subtract(enum km_family family, const struct km_range *cuts, size_t cut_count,
			   struct km_range **ranges, size_t *count)
{
	struct km_range *rest = km_big_alloc((*count + cut_count + 1) * sizeof(*rest));
	size_t n = 0, cut = 0;

	if (!rest)
		return -ENOMEM;
	for (size_t i = 0; i < *count; i++) {
		struct km_range range = (*ranges)[i];
		bool left = true;

		while (cut < cut_count && km_ip_compare(cuts[cut].last, range.first) < 0)
			cut++;
		for (size_t c = cut; left && c < cut_count && km_ip_compare(cuts[c].first, range.last) <= 0; c++) {
			if (km_ip_compare(range.first, cuts[c].first) < 0) {
				rest[n].first = range.first;
				km_ip_prev(family, cuts[c].first, &rest[n++].last);
			}
			left = km_ip_compare(cuts[c].last, range.last) < 0 &&
			       km_ip_next(family, cuts[c].last, &range.first);
		}
		if (left)
			rest[n++] = range;
	}
	free(*ranges);
	*ranges = rest;
	*count = n;
	return 0;
}

/* Every set, until all are built and the lines stay where they are. */
struct sets {
	struct km_lines *lines;
	struct km_v4_shared shared;
	struct km_set set[KM_SETS];
};

/* Builds the set of what `rules` allow, without what `host` holds (NULL: nothing). */
static int compile_set(const struct km_rules *rules, const struct km_rules *host, enum km_family family, int64_t now,
		       struct sets *sets, unsigned number)
{
	struct km_range *ranges KM_AUTO_FREE = NULL;
	struct km_range *cuts KM_AUTO_FREE = NULL;
	size_t count, cut_count;
	int r = km_rules_ranges(rules, family, now, &ranges, &count);

	if (!r && host) {
		r = km_rules_ranges(host, family, now, &cuts, &cut_count);
		if (!r)
			r = ranges_subtract(family, cuts, cut_count, &ranges, &count);
	}
	if (r)
		return r;
	if (family == KM_V4)
		return km_set_v4_build(ranges, count, sets->lines, &sets->shared, sets->set[number].v4);
	return km_set_v6_build(ranges, count, sets->lines, &sets->set[number].v6);
}

static int failsafe_rules(const struct km_config *config, struct km_rules *rules)
{
	int r = 0;

	for (unsigned i = 0; !r && i < config->failsafe_count; i++) {
		const struct km_config_failsafe *entry = &config->failsafe[i];

		r = km_rules_add(rules, &(struct km_rule){.ip = entry->ip,
							  .family = entry->family,
							  .len = entry->len,
							  .until = KM_FOREVER});
	}
	return r;
}

static int own_rules(const struct km_facts *facts, struct km_rules *rules)
{
	int r = 0;

	for (size_t i = 0; !r && i < facts->own_count; i++)
		r = km_rules_add(rules, &(struct km_rule){.ip = facts->own[i].ip,
							  .family = facts->own[i].family,
							  .len = km_family_bits(facts->own[i].family),
							  .until = KM_FOREVER});
	return r;
}

static int loopback_rules(struct km_rules *rules)
{
	static const struct km_rule loopback[] = {
		{.ip = {{0x7f000000}}, .family = KM_V4, .len = 8, .until = KM_FOREVER},
		{.ip = {{0, 0, 0, 1}}, .family = KM_V6, .len = 128, .until = KM_FOREVER},
	};

	return km_rules_add(rules, &loopback[0]) ?: km_rules_add(rules, &loopback[1]);
}

/* The sources that are not a list's to judge, in the ways in which the programs ask for them. */
struct sources {
	struct km_rules failsafe, own;
	struct km_rules host; /* what only this host has a right to: own and loopback */
	struct km_rules special;
};

static int gather(const struct km_policy *policy, const struct km_facts *facts, struct sources *s)
{
	int r = failsafe_rules(&policy->config, &s->failsafe) ?: own_rules(facts, &s->own);

	r = r ?: own_rules(facts, &s->host) ?: loopback_rules(&s->host);
	r = r ?: own_rules(facts, &s->special) ?: loopback_rules(&s->special);
	r = r ?: failsafe_rules(&policy->config, &s->special);
	km_rules_sort(&s->failsafe);
	km_rules_sort(&s->own);
	km_rules_sort(&s->host);
	km_rules_sort(&s->special);
	return r;
}

/* Every set of the image, those of services that the policy does not have too. */
static int compile_sets(const struct km_policy *policy, const struct km_facts *facts, struct sets *sets)
{
	struct sources s = {};
	int r = gather(policy, facts, &s);

	for (unsigned i = 0; !r && i < KM_SETS; i++) {
		const struct km_rules *rules = i == KM_SET_FAILSAFE  ? &s.failsafe
					       : i == KM_SET_OWN     ? &s.own
					       : i == KM_SET_SPECIAL ? &s.special
								     : &policy->rules[i];

		for (enum km_family family = KM_V4; !r && family < KM_FAMILIES; family++)
			r = compile_set(rules, i < KM_SERVICES ? &s.host : NULL, family, facts->now, sets, i);
	}
	km_rules_free(&s.special);
	km_rules_free(&s.host);
	km_rules_free(&s.own);
	km_rules_free(&s.failsafe);
	return r;
}

static uint16_t service_flags(const struct km_config_service *service, const struct km_rules *rules, int64_t now,
			      bool packet_layer)
{
	uint16_t flags = (service->enforce ? KM_ENFORCE : 0) | (service->drop ? KM_DROP : 0) |
			 (packet_layer ? KM_PACKET_LAYER : 0);

	for (unsigned i = 0; i < rules->self_count; i++)
		if (rules->self[i].deny && km_rule_holds(rules->self[i].until, true, now))
			flags |= KM_DENY_SELF;
	return flags;
}

/* A page for each 256 ports of which one is guarded, numbered from 1; their number. */
static unsigned number_pages(const struct km_config *config, __u8 port_page[256])
{
	unsigned pages = 0;

	for (unsigned i = 0; i < config->service_count; i++)
		for (unsigned p = 0; p < config->services[i].port_count; p++) {
			__u8 *page = &port_page[config->services[i].ports[p] >> 8];

			if (!*page && pages < KM_PORTS)
				*page = ++pages;
		}
	return pages;
}

static int compile_ports(const struct km_config *config, struct km_image *image)
{
	for (unsigned i = 0; i < config->service_count; i++)
		for (unsigned p = 0; p < config->services[i].port_count; p++) {
			unsigned port = config->services[i].ports[p], page = image->port_page[port >> 8];

			if (!page)
				return -E2BIG;
			image->port[page][port & 255] = i + 1;
		}
	return 0;
}

int km_compile(const struct km_policy *policy, const struct km_facts *facts, const struct km_image_params *params,
	       struct km_lines *lines)
{
	struct sets *sets = calloc(1, sizeof(*sets));
	__u8 port_page[256] = {};
	unsigned pages = number_pages(&policy->config, port_page);
	struct km_image *image;
	uint32_t port;
	int r = sets ? 0 : -ENOMEM;

	if (!r) {
		sets->lines = lines;
		r = km_lines_add(lines, (1 + pages) * sizeof(*image->port) / KM_LINE, &port);
	}
	r = r ?: compile_sets(policy, facts, sets);
	if (!r) {
		image = (struct km_image *)lines->data;
		image->magic = KM_IMAGE_MAGIC;
		image->generation = params->generation;
		image->events_per_second = policy->config.events_per_second;
		image->lines = lines->count;
		memcpy(image->set, sets->set, sizeof(image->set));
		memcpy(image->port_page, port_page, sizeof(image->port_page));
		for (unsigned i = 0; i < policy->config.service_count; i++)
			image->set[i].service = (struct km_service){
				.flags = service_flags(&policy->config.services[i], &policy->rules[i], facts->now,
						       params->packet_layer),
				.slot = params->slot[i],
			};
		r = compile_ports(&policy->config, image);
	}
	free(sets);
	return r;
}
