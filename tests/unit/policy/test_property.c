/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One verdict: on random policies and flows the kernel programs' code on the compiled image, the oracle and `explain`
 * agree.
 *
 *	KM_FLOWS=n	so many flows (default: a million)
 *	KM_SEED=n	from this seed on, which a failure prints; otherwise another one each time
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <cmocka.h>

#include "decide.h"
#include "policy/addr.h"
#include "policy/compile.h"
#include "policy/explain.h"
#include "policy/oracle.h"
#include "policy/reason.h"
#include "random_policy.h"

#define FLOWS 1000000
#define FLOWS_A_POLICY 250
#define WHOLE_IMAGE (KM_LINES_MAX_BYTES - 1) /* as mask: a line outside is seen by the sanitizer */

/* What the kernel programs say, by their own code. */
static enum km_reason image_decide(const struct km_image *image, unsigned service, const struct km_flow *flow)
{
	static const enum km_path path[] = {
		[KM_VIA_UNKNOWN] = KM_PATH_UNKNOWN,
		[KM_VIA_LO] = KM_PATH_LO,
		[KM_VIA_WIRE] = KM_PATH_WIRE,
	};
	const struct km_tuple tuple = {
		.source = flow->source,
		.destination = flow->destination,
		.family = flow->family,
	};

	return km_decide(image, WHOLE_IMAGE, service, &tuple, path[flow->via]) & ~KM_AS_SELF;
}

/* `explain` knows the source alone: it answers for a flow to an ordinary address, of which no interface is known. */
static bool explain_applies(const struct km_flow *flow)
{
	return flow->via == KM_VIA_UNKNOWN && !km_ip_loopback(flow->family, flow->destination) &&
	       km_ip_compare(flow->source, flow->destination);
}

/* True if the line holds a valid rule that says this about the source. */
static bool line_says(const struct random_policy *random, unsigned service, const struct km_flow *flow, unsigned line,
		      bool deny)
{
	const struct km_rules *rules = &random->policy.rules[service];

	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];

		if (rule->line == line && rule->deny == deny && rule->family == flow->family &&
		    random->facts.now < rule->until &&
		    !km_ip_compare(km_ip_first(flow->family, flow->source, rule->len), rule->ip))
			return true;
	}
	return false;
}

/* What is wrong with the explanation, or NULL. */
static const char *explain_wrong(const struct random_policy *random, unsigned service, const struct km_flow *flow,
				 enum km_reason reason)
{
	bool allowed = reason == KM_ALLOWED || reason == KM_ALLOWED_FAILSAFE;
	enum km_verdict denial = random->policy.config.services[service].enforce ? KM_DENY : KM_AUDIT;
	unsigned file = 0, line = 0;
	struct km_explanation e;
	bool ruled;

	km_explain(&random->policy, &random->bundle, &random->facts, service, flow->family, flow->source, &e);
	if (e.reason != reason)
		return "explain's reason";
	if (e.verdict != (allowed ? KM_ALLOW : denial))
		return "explain's verdict";
	if (e.self)
		return NULL;
	if (!e.has_rule != !!e.near[0] || (e.has_rule && e.file != (reason != KM_ALLOWED_FAILSAFE)))
		return "explain's rule or near miss";
	if (reason == KM_ALLOWED_FAILSAFE)
		return NULL;
	if (e.has_rule && !line_says(random, service, flow, e.line, !allowed))
		return "explain's line";
	ruled = km_explain_rule(&random->policy, &random->facts, service, flow->family, flow->source, &file, &line);
	if (ruled != e.has_rule || file != e.file || line != e.line)
		return "the line of the event";
	return NULL;
}

static void complain(const struct random_policy *random, uint64_t seed, unsigned service, const struct km_flow *flow,
		     const char *what, enum km_reason expected)
{
	static const char *const via[] = {"unknown", "lo", "wire"};
	const struct km_rules *rules = &random->policy.rules[service];
	char source[KM_ADDR_TEXT], destination[KM_ADDR_TEXT];

	print_error("%s is wrong: %s to %s via %s, service %u; the oracle says %s\n", what,
		    km_ip_format(flow->family, flow->source, source),
		    km_ip_format(flow->family, flow->destination, destination), via[flow->via], service,
		    km_reason_name(expected));
	for (size_t i = 0; i < rules->count; i++)
		if (rules->list[i].family == flow->family)
			print_error("  line %u: %s%s until %lld\n", rules->list[i].line, rules->list[i].deny ? "!" : "",
				    km_prefix_format(flow->family, rules->list[i].ip, rules->list[i].len, source),
				    (long long)rules->list[i].until);
	fail_msg("again: KM_SEED=%llu KM_FLOWS=%u", (unsigned long long)seed, FLOWS_A_POLICY);
}

static void check_policy(uint64_t seed, unsigned flows, uint64_t seen[KM_REASONS])
{
	struct km_image_params params = {};
	struct random_policy random;
	struct km_lines lines = {};

	random_policy_make(seed, &random);
	assert_int_equal(km_compile(&random.policy, &random.facts, &params, &lines), 0);
	for (unsigned i = 0; i < flows; i++) {
		enum km_reason expected;
		const char *wrong = NULL;
		struct km_flow flow;
		unsigned service;

		random_policy_flow(&random, &service, &flow);
		expected = km_oracle(&random.policy, &random.facts, service, &flow);
		if (image_decide((struct km_image *)lines.data, service, &flow) != expected)
			wrong = "the image";
		else if (flow.via == KM_VIA_UNKNOWN &&
			 km_explain_flow(&random.policy, &random.facts, service, flow.family, flow.source,
					 flow.destination) != expected)
			wrong = "explain's reason for the flow";
		else if (explain_applies(&flow))
			wrong = explain_wrong(&random, service, &flow, expected);
		if (wrong)
			complain(&random, seed, service, &flow, wrong, expected);
		seen[expected]++;
	}
	km_lines_free(&lines);
	random_policy_free(&random);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

static void test_one_verdict(void **state)
{
	uint64_t seed, flows = from_environment("KM_FLOWS", FLOWS), seen[KM_REASONS] = {};

	(void)state;
	assert_int_equal(getrandom(&seed, sizeof(seed), 0), sizeof(seed));
	seed = from_environment("KM_SEED", seed);
	print_message("KM_SEED=%llu, %llu flows\n", (unsigned long long)seed, (unsigned long long)flows);
	for (uint64_t done = 0; done < flows; done += FLOWS_A_POLICY)
		check_policy(seed++, flows - done < FLOWS_A_POLICY ? flows - done : FLOWS_A_POLICY, seen);
	for (enum km_reason reason = 0; reason < KM_REASONS; reason++)
		if (seen[reason])
			print_message("%12llu %s\n", (unsigned long long)seen[reason], km_reason_name(reason));
	/* A generator that misses one of them proves little. */
	if (flows >= FLOWS) {
		assert_true(seen[KM_ALLOWED] > flows / 20);
		assert_true(seen[KM_ALLOWED_FAILSAFE] > flows / 100);
		assert_true(seen[KM_DENIED_SOURCE] > flows / 20);
		assert_true(seen[KM_DENIED_MARTIAN] > flows / 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
