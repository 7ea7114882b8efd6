/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole policy: the configuration and the rules of every service. Pure. */
#ifndef KM_POLICY_H
#define KM_POLICY_H

#include "policy/bundle.h"
#include "policy/config.h"
#include "policy/rule.h"

/* What the compiler and the warnings must know of the host, gathered by host/ and handed in. */
struct km_facts {
	int64_t now;	    /* CLOCK_REALTIME, ns */
	bool clock_doubted; /* `now` lies before a moment that has been: timed permissions count as over */
	const struct km_own_address {
		struct km_ip ip;
		enum km_family family;
	} * own; /* addresses of the guarded namespace, any order, loopback may be among them */
	size_t own_count;
	unsigned port_range[2]; /* net.ipv4.ip_local_port_range, inclusive; 0, 0: unknown */
};

/* The moment to decide for: now, or KM_DOUBTED. */
static inline int64_t km_facts_moment(const struct km_facts *facts)
{
	return facts->clock_doubted ? KM_DOUBTED : facts->now;
}

struct km_policy {
	struct km_config config;
	struct km_rules rules[KM_SERVICES]; /* as config.services; sorted by km_rules_sort() */
	unsigned char hash[32];		    /* of the bundle */
	int64_t next_until;		    /* earliest `until` after facts->now, or KM_FOREVER */
};

/*
 * Bundle to policy: parses the configuration and every list it names, and checks them against each other and the
 * facts (facts may be NULL: offline). All errors and warnings go to diags; diags->errors == 0 means *policy may be
 * put in force. 0 or -ENOMEM. Free with km_policy_free() either way.
 */
int km_policy_build(const struct km_bundle *bundle, const struct km_facts *facts, struct km_policy *policy,
		    struct km_diags *diags);
void km_policy_free(struct km_policy *policy);

/* Number of the service that has this name, or that guards this port (decimal text), or -1. */
int km_policy_service(const struct km_policy *policy, const char *name_or_port);
/* Number of the service that guards the port, or -1. */
int km_policy_service_of_port(const struct km_policy *policy, unsigned port);
/* True if the service has at least one rule that can let a source of this family in at `now`. */
bool km_policy_family_ruled(const struct km_policy *policy, unsigned service, enum km_family family, int64_t now);

#endif
