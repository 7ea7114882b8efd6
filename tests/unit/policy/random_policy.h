/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random policies and flows for property tests. The addresses of one policy crowd in a few neighbourhoods, so that
 * prefixes nest, repeat, touch and overlap; flows aim at the edges of what the policy names.
 */
#ifndef RANDOM_POLICY_H
#define RANDOM_POLICY_H

#include <stdint.h>

#include "policy/oracle.h"
#include "policy/policy.h"

#define RANDOM_NEIGHBOURHOODS 3
#define RANDOM_OWN 4

struct random_policy {
	struct km_policy policy;
	struct km_facts facts; /* of `own` below */
	struct km_bundle bundle;
	struct km_own_address own[RANDOM_OWN];
	struct km_file files[2]; /* of the bundle: the configuration and the one list of every service */
	struct random_neighbourhood {
		struct km_ip ip;
		unsigned bit; /* the first of the few bits in which its addresses differ */
	} neighbourhood[KM_FAMILIES][RANDOM_NEIGHBOURHOODS];
	uint64_t seed; /* state of the generator */
};

/* A number below n (n > 0), from a sequence that *seed alone determines. */
uint64_t random_below(uint64_t *seed, uint64_t n);

/* Fills *random from the seed. Free with random_policy_free(). Asserts that there is memory. */
void random_policy_make(uint64_t seed, struct random_policy *random);
void random_policy_free(struct random_policy *random);

/* The next flow, for *service. */
void random_policy_flow(struct random_policy *random, unsigned *service, struct km_flow *flow);

#endif
