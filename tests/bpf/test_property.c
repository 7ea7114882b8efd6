/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel keeps the verdict: random policies are put in force, and random flows run through the programs as the
 * kernel runs them; each answer, and every counter, is the oracle's. The lookup is the product's own program; for the
 * paths that only the packet layer can see, and for all of them where the kernel runs no sk_lookup program on request,
 * decide.bpf.c asks the same precedence. Speaks TAP.
 *
 *	KM_FLOWS=n	so many flows (default: a million)
 *	KM_SEED=n	from this seed on, which a failure prints; otherwise another one each time
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/image.h"
#include "kubemoat.skel.h"
#include "policy/addr.h"
#include "policy/compile.h"
#include "policy/oracle.h"
#include "policy/reason.h"
#include "question.h"
#include "tests/bpf/decide.skel.h"
#include "unit/policy/random_policy.h"

#define ENOTSUPP 524 /* the kernel's own */
#define FLOWS 1000000
#define FLOWS_A_POLICY 2000
#define LINES_BYTES (256u << 10)
#define FIRST_PORT 6000 /* of service 0; the others follow */

struct kernel {
	struct kubemoat_bpf *product;
	struct decide_bpf *decide;
	bool runs_lookup; /* sk_lookup programs can be run on request (Linux 5.13) */
};

static void __attribute__((noreturn, format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list args;

	printf("not ok 1 - ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

/* What has to be for there to be anything to compare. */
#define need(condition)                                                                         \
	do {                                                                                    \
		if (!(condition))                                                               \
			fail("%s:%d: %s: %s", __FILE__, __LINE__, #condition, strerror(errno)); \
	} while (0)

static void kernel_load(struct kernel *kernel)
{
	struct bpf_map *images;
	struct km_err err = {};
	int template;

	kernel->product = kubemoat_bpf__open();
	kernel->decide = decide_bpf__open();
	need(kernel->product);
	need(kernel->decide);
	kernel->product->rodata->km_image_mask = kernel->decide->rodata->km_image_mask = LINES_BYTES - 1;
	memset(&kernel->product->rodata_ports->km_watched, 1, sizeof(struct km_watched));
	template = km_image_make(KM_IMAGE_ROOM(LINES_BYTES), &err);
	need(template >= 0);
	need(!bpf_map__set_inner_map_fd(kernel->product->maps.images, template));
	need(!kubemoat_bpf__load(kernel->product));
	close(template);
	images = kernel->decide->maps.images;
	need(!bpf_map__reuse_fd(images, bpf_map__fd(kernel->product->maps.images)));
	need(!decide_bpf__load(kernel->decide));
}

static void kernel_unload(struct kernel *kernel)
{
	decide_bpf__destroy(kernel->decide);
	kubemoat_bpf__destroy(kernel->product);
}

static void put_in_force(const struct kernel *kernel, const struct random_policy *random)
{
	struct km_image_params params = {.generation = 1};
	struct km_lines lines = {};
	struct km_err err = {};
	int image;

	for (unsigned s = 0; s < KM_SERVICES; s++)
		params.slot[s] = s;
	need(!km_compile(&random->policy, &random->facts, &params, &lines));
	image = km_image_map(lines.data, km_lines_image_bytes(&lines), KM_IMAGE_ROOM(LINES_BYTES), &err);
	if (image < 0)
		fail("%s", err.text);
	need(!km_image_swap(bpf_map__fd(kernel->product->maps.images), 0, image, &err));
	close(image);
	km_lines_free(&lines);
}

/* The lookup of a new connection to the service: 0 and SK_PASS or SK_DROP, or -errno. */
static int look_up(const struct kernel *kernel, unsigned service, const struct km_flow *flow, unsigned *answer)
{
	struct bpf_sk_lookup ctx = {
		.family = flow->family == KM_V4 ? AF_INET : AF_INET6,
		.protocol = IPPROTO_TCP,
		.remote_port = htons(40000),
		.local_port = FIRST_PORT + service,
	};
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

	if (flow->family == KM_V4) {
		km_ip_to_bytes(KM_V4, flow->source, &ctx.remote_ip4);
		km_ip_to_bytes(KM_V4, flow->destination, &ctx.local_ip4);
	} else {
		km_ip_to_bytes(KM_V6, flow->source, ctx.remote_ip6);
		km_ip_to_bytes(KM_V6, flow->destination, ctx.local_ip6);
	}
	if (bpf_prog_test_run_opts(bpf_program__fd(kernel->product->progs.km_lookup), &run))
		return -errno;
	*answer = run.retval;
	return 0;
}

/* The reason for a flow whose path is known. */
static unsigned ask(const struct kernel *kernel, unsigned service, const struct km_flow *flow)
{
	static const enum km_path path[] = {
		[KM_VIA_UNKNOWN] = KM_PATH_UNKNOWN,
		[KM_VIA_LO] = KM_PATH_LO,
		[KM_VIA_WIRE] = KM_PATH_WIRE,
	};
	struct {
		struct ethhdr ethernet;
		struct question question;
	} __attribute__((packed)) packet = {
		.ethernet.h_proto = htons(ETH_P_ARP),
		.question = {.tuple = {.source = flow->source,
				       .destination = flow->destination,
				       .family = flow->family},
			     .service = service,
			     .path = path[flow->via]},
	};
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = &packet, .data_size_in = sizeof(packet));

	need(!bpf_prog_test_run_opts(bpf_program__fd(kernel->decide->progs.decide), &run));
	return run.retval;
}

static void read_counters(const struct kernel *kernel, unsigned services, uint64_t sums[][KM_VERDICTS][KM_REASONS])
{
	int cpus = libbpf_num_possible_cpus();
	struct km_counters *rows = calloc(cpus, sizeof(*rows));

	need(rows);
	memset(sums, 0, services * sizeof(*sums));
	for (uint32_t slot = 0; slot < services; slot++) {
		need(!bpf_map_lookup_elem(bpf_map__fd(kernel->product->maps.counters), &slot, rows));
		for (int cpu = 0; cpu < cpus; cpu++)
			for (unsigned v = 0; v < KM_VERDICTS; v++)
				for (unsigned r = 0; r < KM_REASONS; r++)
					sums[slot][v][r] += rows[cpu].count[v][r];
	}
	free(rows);
}

static void complain(uint64_t seed, unsigned service, const struct km_flow *flow, enum km_reason expected, unsigned got)
{
	static const char *const via[] = {"unknown", "lo", "wire"};
	char source[KM_ADDR_TEXT], destination[KM_ADDR_TEXT];

	fail("%s to %s via %s, service %u: the oracle says %s, the kernel %u; again: KM_SEED=%llu KM_FLOWS=%u",
	     km_ip_format(flow->family, flow->source, source),
	     km_ip_format(flow->family, flow->destination, destination), via[flow->via], service,
	     km_reason_name(expected), got, (unsigned long long)seed, FLOWS_A_POLICY);
}

/* Runs one flow; counts in `expected` what the lookup should count. */
static void check_flow(const struct kernel *kernel, uint64_t seed, struct random_policy *random,
		       uint64_t expected[][KM_VERDICTS][KM_REASONS])
{
	enum km_reason reason;
	struct km_flow flow;
	bool allowed, enforce;
	unsigned service, got;

	random_policy_flow(random, &service, &flow);
	reason = km_oracle(&random->policy, &random->facts, service, &flow);
	allowed = reason == KM_ALLOWED || reason == KM_ALLOWED_FAILSAFE;
	enforce = random->policy.config.services[service].enforce;
	if (flow.via == KM_VIA_UNKNOWN && kernel->runs_lookup) {
		need(!look_up(kernel, service, &flow, &got));
		if (got != (allowed || !enforce ? SK_PASS : SK_DROP))
			complain(seed, service, &flow, reason, got);
		expected[service][allowed ? KM_ALLOW : enforce ? KM_DENY : KM_AUDIT][reason]++;
	} else {
		got = ask(kernel, service, &flow);
		if (got != reason)
			complain(seed, service, &flow, reason, got);
	}
}

static void check_policy(const struct kernel *kernel, uint64_t seed, unsigned flows)
{
	static uint64_t before[KM_SERVICES][KM_VERDICTS][KM_REASONS], after[KM_SERVICES][KM_VERDICTS][KM_REASONS];
	uint64_t expected[KM_SERVICES][KM_VERDICTS][KM_REASONS] = {};
	struct random_policy random;
	unsigned services;

	random_policy_make(seed, &random);
	services = random.policy.config.service_count;
	for (unsigned s = 0; s < services; s++) {
		random.policy.config.services[s].ports[0] = FIRST_PORT + s;
		random.policy.config.services[s].port_count = 1;
	}
	put_in_force(kernel, &random);
	read_counters(kernel, services, before);
	for (unsigned i = 0; i < flows; i++)
		check_flow(kernel, seed, &random, expected);
	read_counters(kernel, services, after);
	for (unsigned s = 0; s < services; s++)
		for (unsigned v = 0; v < KM_VERDICTS; v++)
			for (unsigned r = 0; r < KM_REASONS; r++)
				if (after[s][v][r] - before[s][v][r] != expected[s][v][r])
					fail("service %u counted %llu of %llu %s/%s; again: KM_SEED=%llu", s,
					     (unsigned long long)(after[s][v][r] - before[s][v][r]),
					     (unsigned long long)expected[s][v][r], km_verdict_name(v),
					     km_reason_name(r), (unsigned long long)seed);
	random_policy_free(&random);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

int main(void)
{
	uint64_t seed, flows = from_environment("KM_FLOWS", FLOWS);
	struct kernel kernel;
	unsigned answer;

	puts("1..1");
	if (geteuid()) {
		puts("ok 1 - the kernel and the oracle agree # SKIP not root: nothing can be loaded");
		return 0;
	}
	need(getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
	seed = from_environment("KM_SEED", seed);
	printf("# KM_SEED=%llu\n", (unsigned long long)seed);
	kernel_load(&kernel);
	kernel.runs_lookup = look_up(&kernel, 0, &(struct km_flow){.family = KM_V4}, &answer) != -ENOTSUPP;
	if (!kernel.runs_lookup)
		puts("# this kernel runs no sk_lookup program on request: its counters are not compared");
	for (uint64_t done = 0; done < flows; done += FLOWS_A_POLICY)
		check_policy(&kernel, seed++, flows - done < FLOWS_A_POLICY ? flows - done : FLOWS_A_POLICY);
	kernel_unload(&kernel);
	printf("ok 1 - the kernel and the oracle agree on %llu flows\n", (unsigned long long)flows);
	return 0;
}
