/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/warn.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "cleanup.h"
#include "policy/addr.h"

void km_warn_ports(const struct km_config *config, const struct km_facts *facts, struct km_diags *diags)
{
	for (unsigned i = 0; i < config->service_count; i++) {
		const struct km_config_service *service = &config->services[i];

		for (unsigned p = 0; p < service->port_count; p++) {
			unsigned port = service->ports[p];
			struct km_place at = km_config_port_place(service, p);

			if (port < facts->port_range[0] || port > facts->port_range[1])
				continue;
			km_diag_warning(
				diags, 0, at.line ? at.line : 1, at.line ? at.column : 1,
				"port %u of service \"%s\" lies in net.ipv4.ip_local_port_range (%u to %u): this "
				"host's own connections may take it; add it to net.ipv4.ip_local_reserved_ports",
				port, service->name, facts->port_range[0], facts->port_range[1]);
		}
	}
}

static const struct km_own_address loopback[] = {
	{.family = KM_V4, .ip = {{0x7f000001}}},
	{.family = KM_V6, .ip = {{0, 0, 0, 1}}},
};

#define LOOPBACKS (sizeof(loopback) / sizeof(loopback[0]))

static int compare_own(const void *left, const void *right)
{
	const struct km_own_address *a = left, *b = right;

	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return km_ip_compare(a->ip, b->ip);
}

/* The first own address that the rule covers, or NULL. `own` is sorted. */
static const struct km_own_address *covered(const struct km_rule *rule, const struct km_own_address *own, size_t count)
{
	const struct km_own_address first = {.family = rule->family, .ip = rule->ip};
	const struct km_own_address last = {
		.family = rule->family,
		.ip = km_ip_last(rule->family, rule->ip, rule->len),
	};
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_own(&own[middle], &first) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && compare_own(&own[low], &last) <= 0 ? &own[low] : NULL;
}

static bool denies_self(const struct km_rules *rules, int64_t now)
{
	for (unsigned i = 0; i < rules->self_count; i++)
		if (rules->self[i].deny && rules->self[i].until > now)
			return true;
	return false;
}

static void warn_rules(const struct km_rules *rules, int64_t now, const struct km_own_address *own, size_t count,
		       struct km_diags *diags)
{
	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];
		const struct km_own_address in_loopback = {.family = rule->family, .ip = rule->ip};
		const struct km_own_address *hit;
		char address[KM_ADDR_TEXT];

		if (!rule->deny || rule->until <= now)
			continue;
		hit = km_ip_loopback(rule->family, rule->ip) ? &in_loopback : covered(rule, own, count);
		if (hit)
			km_diag_warning(
				diags, rule->file, rule->line, rule->column,
				"this rule covers %s, an address of this host, which stays allowed; only !@self "
				"takes the host away",
				km_ip_format(hit->family, hit->ip, address));
	}
}

int km_warn_own(const struct km_policy *policy, const struct km_facts *facts, struct km_diags *diags)
{
	size_t known = facts ? facts->own_count : 0, count = known + LOOPBACKS;
	int64_t now = facts ? facts->now : 0;
	KM_AUTO_FREE struct km_own_address *own = calloc(count, sizeof(*own));

	if (!own)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		own[i] = i < known ? facts->own[i] : loopback[i - known];
	qsort(own, count, sizeof(*own), compare_own);
	for (unsigned i = 0; i < policy->config.service_count; i++)
		if (!denies_self(&policy->rules[i], now))
			warn_rules(&policy->rules[i], now, own, count, diags);
	return 0;
}
