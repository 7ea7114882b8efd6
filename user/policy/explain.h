/* SPDX-License-Identifier: BSD-2-Clause */
/* Why a source is allowed or denied: the rule that decides, or the nearest miss. Pure. */
#ifndef KM_EXPLAIN_H
#define KM_EXPLAIN_H

#include "policy/policy.h"

struct km_explanation {
	enum km_verdict verdict; /* KM_AUDIT: would be refused, the service is in audit mode */
	enum km_reason reason;
	bool self;     /* answered as this host itself */
	bool has_rule; /* `file` and `line` are set: the rule that decides */
	unsigned file; /* index into the bundle; 0 with a line: a failsafe entry of kubemoat.yaml */
	unsigned line;
	char near[256];	     /* without a rule, and not self: the nearest valid rule that allows, "10.0.5.7 is outside
				10.0.4.0/23, etcd.allow:3"; one that covered it and has expired; or that there is none of the
				family; else "" */
	char overrides[256]; /* with a rule or failsafe entry: the longest valid one that says otherwise,
				"192.0.2.0/24, etcd.allow:1"; else "" */
};

/* Decides `ip` for a service at facts->now. A loopback or own address is this host itself. */
void km_explain(const struct km_policy *policy, const struct km_bundle *bundle, const struct km_facts *facts,
		unsigned service, enum km_family family, struct km_ip ip, struct km_explanation *out);

/*
 * The line of the rule behind a verdict of the kernel for that source: false if no rule decided (default deny). Does
 * not know of @self. For events.
 */
bool km_explain_rule(const struct km_policy *policy, const struct km_facts *facts, unsigned service,
		     enum km_family family, struct km_ip ip, unsigned *file, unsigned *line);

/*
 * The reason that decides a flow of which only the addresses are known, as the lookup would: whether it came through lo
 * is taken from them. KM_ALLOWED, KM_ALLOWED_FAILSAFE or KM_DENIED_SOURCE, at the cost of a few searches.
 */
enum km_reason km_explain_flow(const struct km_policy *policy, const struct km_facts *facts, unsigned service,
			       enum km_family family, struct km_ip source, struct km_ip destination);

#endif
