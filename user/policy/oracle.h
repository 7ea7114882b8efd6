/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verdict on a flow, the slow obvious way: a loop over all rules and the interface's sentences in order. Shares
 * no code with compile, tree or the kernel programs; the property test holds all of them to one verdict. Pure.
 */
#ifndef KM_ORACLE_H
#define KM_ORACLE_H

#include "policy/policy.h"

enum km_via { KM_VIA_UNKNOWN, KM_VIA_LO, KM_VIA_WIRE }; /* UNKNOWN: what the lookup can know */

struct km_flow {
	enum km_family family;
	struct km_ip source, destination;
	enum km_via via;
};

/* The reason that decides a new connection to a service; its verdict follows from it and the mode. */
enum km_reason km_oracle(const struct km_policy *policy, const struct km_facts *facts, unsigned service,
			 const struct km_flow *flow);

#endif
