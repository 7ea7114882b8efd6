/* SPDX-License-Identifier: BSD-2-Clause */
#include "plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cut.h"
#include "facts.h"
#include "host/clock.h"
#include "host/owners.h"
#include "inforce.h"
#include "kernel/book.h"
#include "kernel/pins.h"
#include "kernel/seen.h"
#include "policy/addr.h"
#include "policy/explain.h"

/* What is compared, and where to look. */
struct inputs {
	const struct km_target *target;
	struct km_pins pins; /* dir -1: not loaded */
	struct km_host host;
	struct km_ruling before, after; /* before.built false: nothing is in force */
};

static int read_state(struct inputs *in, bool *loaded, struct km_err *err)
{
	struct km_state state = {};
	struct km_book book;
	int r;

	*loaded = false;
	r = km_pins_open(in->target->bpffs, in->target->name, false, &in->pins, err);
	if (!r)
		r = km_book_open(&in->pins, false, &book, err);
	if (r)
		return r == -ENOENT ? 0 : r;
	r = km_book_state(&book, &state, err);
	km_book_close(&book);
	*loaded = state.generation != 0;
	return r;
}

static int read_inputs(struct inputs *in, const char *config, bool *loaded, struct km_err *err)
{
	int r;

	r = km_host_open(in->target->netns, &in->host, err);
	if (!r)
		r = read_state(in, loaded, err);
	if (!r && *loaded)
		r = km_ruling_kept(in->target->name, false, &in->host.facts, &in->before, err);
	if (!r)
		r = km_ruling_files(config, &in->host.facts, &in->after, err);
	if (!r && *loaded && !in->after.policy.config.present)
		r = km_fail(err, ENOENT, "%s: there is no configuration, a reload would be refused; put it back",
			    config);
	return r;
}

static void close_inputs(struct inputs *in)
{
	km_ruling_free(&in->before);
	km_ruling_free(&in->after);
	km_host_close(&in->host);
	km_pins_close(&in->pins);
}

static int find_owners(const struct km_refused *refused, size_t count, struct km_plan_cut *cut)
{
	KM_AUTO_FREE struct km_owner *owners = calloc(count, sizeof(*owners));
	size_t asked = 0;

	if (!owners)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (refused[i].connection.inode)
			owners[asked++].inode = refused[i].connection.inode;
	km_socket_owners(owners, asked);
	for (size_t i = 0; i < count; i++) {
		const struct km_owner *owner = km_owner_find(owners, asked, refused[i].connection.inode);

		if (!owner)
			continue;
		cut[i].pid = owner->pid;
		memcpy(cut[i].comm, owner->comm, sizeof(cut[i].comm));
	}
	return 0;
}

static int find_cut(const struct inputs *in, struct km_plan *plan, struct km_err *err)
{
	KM_AUTO_FREE struct km_refused *refused = NULL;
	size_t count = 0;
	int r;

	r = km_refused_find(&in->pins, &in->after.policy, &in->host, true, &refused, &count, err);
	if (r || !count)
		return r;
	plan->cut = calloc(count, sizeof(*plan->cut));
	if (!plan->cut || find_owners(refused, count, plan->cut))
		return km_fail(err, ENOMEM, "no memory for %zu connections", count);
	plan->cut_count = count;
	for (size_t i = 0; i < count; i++) {
		const struct km_connection *c = &refused[i].connection;
		struct km_plan_cut *cut = &plan->cut[i];

		strcpy(cut->service, in->after.policy.config.services[refused[i].service].name);
		cut->family = c->family;
		cut->source = c->source;
		cut->source_port = c->source_port;
		cut->port = c->port;
	}
	return 0;
}

/* Number of the service that would refuse the arrival, or -1: it gets in. */
static int refuses(const struct km_policy *policy, const struct km_facts *facts, const struct km_arrival *arrival)
{
	/* Where it went is not known; a source that is also the destination is this host itself. */
	const struct km_ip nowhere = {}, *destination = arrival->self ? &arrival->source : &nowhere;
	int service = km_policy_service_of_port(policy, arrival->port);

	if (service < 0 || !policy->config.services[service].enforce)
		return -1;
	return km_explain_flow(policy, facts, (unsigned)service, arrival->family, arrival->source, *destination) ==
			       KM_DENIED_SOURCE
		       ? service
		       : -1;
}

static int by_service(const void *a, const void *b)
{
	const struct km_plan_source *left = a, *right = b;
	int order = strcmp(left->service, right->service);

	if (order)
		return order;
	if (left->family != right->family)
		return (int)left->family - (int)right->family;
	return km_ip_compare(left->source, right->source) ?: (int)left->port - (int)right->port;
}

static int find_refused(const struct inputs *in, struct km_plan *plan, struct km_err *err)
{
	KM_AUTO_FREE struct km_seen_source *seen = NULL;
	const struct km_facts *facts = &in->host.facts;
	int64_t now = km_clock_boot();
	size_t count = 0;
	int r;

	if (in->pins.dir < 0)
		return 0;
	r = km_seen_list(&in->pins, &seen, &count, err);
	if (r || !count)
		return r;
	plan->refused = calloc(count, sizeof(*plan->refused));
	if (!plan->refused)
		return km_fail(err, ENOMEM, "no memory for %zu sources", count);
	for (size_t i = 0; i < count; i++) {
		const struct km_arrival *arrival = &seen[i].arrival;
		struct km_plan_source *source = &plan->refused[plan->refused_count];
		int service = refuses(&in->after.policy, facts, arrival);

		if (service < 0 || now - seen[i].last > KM_PLAN_SEEN_NS ||
		    (in->before.built && refuses(&in->before.policy, facts, arrival) >= 0))
			continue;
		*source = (struct km_plan_source){
			.family = arrival->family,
			.source = arrival->source,
			.port = arrival->port,
			.last_seen = seen[i].last + facts->now - now,
		};
		strcpy(source->service, in->after.policy.config.services[service].name);
		plan->refused_count++;
	}
	qsort(plan->refused, plan->refused_count, sizeof(*plan->refused), by_service);
	return 0;
}

static int compare(const struct inputs *in, struct km_plan *plan, struct km_err *err)
{
	const struct km_policy *before = in->before.built ? &in->before.policy : NULL;
	int r;

	plan->max_cut = in->after.policy.config.max_cut;
	r = km_diff(before, &in->after.policy, in->host.facts.now, &plan->diff);
	if (r)
		return km_fail(err, -r, "no memory to compare the policies");
	r = find_cut(in, plan, err);
	return r ?: find_refused(in, plan, err);
}

int km_plan_make(const struct km_target *target, const char *config, struct km_plan *plan, struct km_err *err)
{
	struct inputs in = {.target = target, .pins = {.dir = -1}, .host = {.netns = -1}};
	int r;

	r = read_inputs(&in, config, &plan->loaded, err);
	if (!r)
		r = compare(&in, plan, err);
	close_inputs(&in);
	return r;
}

void km_plan_free(struct km_plan *plan)
{
	km_diff_free(&plan->diff);
	free(plan->cut);
	free(plan->refused);
	plan->cut = NULL;
	plan->refused = NULL;
}

bool km_plan_hurts(const struct km_plan *plan)
{
	return plan->cut_count || plan->refused_count;
}

bool km_plan_over_limit(const struct km_plan *plan)
{
	return plan->loaded && plan->max_cut.set && plan->cut_count > plan->max_cut.most;
}
