/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <err.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "arena.h"
#include "inject.h"
#include "source.h"
#include "tests/bench/inject.skel.h"

#define SOURCE_PORT 40000
#define BATCH 64 /* what a driver polls at a time */

struct segment {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct tcphdr tcp;
} __attribute__((packed));

void bench_injector_open(uint32_t (*sources)[4], struct bench_injector *injector)
{
	struct inject_bpf *programs = inject_bpf__open_and_load();

	if (!programs)
		err(1, "the program that injects");
	memcpy(programs->bss->bench_table.address, sources, sizeof(programs->bss->bench_table.address));
	injector->programs = programs;
}

void bench_injector_close(struct bench_injector *injector)
{
	inject_bpf__destroy(injector->programs);
}

/* Of 16-bit words in network byte order. */
static uint32_t sum(const void *words, unsigned bytes)
{
	const unsigned char *at = words;
	uint32_t total = 0;

	for (unsigned i = 0; i < bytes; i += 2) {
		uint16_t word;

		memcpy(&word, at + i, sizeof(word));
		total += word;
	}
	return total;
}

static void fill(const struct bench_arena *arena, unsigned port, struct segment *s, struct inject_bpf *programs)
{
	struct {
		uint32_t destination;
		uint16_t protocol, length;
	} pseudo = {htonl(arena->address), htons(IPPROTO_TCP), htons(sizeof(s->tcp))};

	*s = (struct segment){
		.ethernet.h_proto = htons(ETH_P_IP),
		.ip =
			{
				.version = 4,
				.ihl = 5,
				.ttl = 64,
				.protocol = IPPROTO_TCP,
				.tot_len = htons(sizeof(s->ip) + sizeof(s->tcp)),
				.daddr = htonl(arena->address),
			},
		.tcp =
			{
				.source = htons(SOURCE_PORT),
				.dest = htons(port),
				.seq = htonl(1),
				.doff = sizeof(s->tcp) / 4,
				.syn = 1,
				.window = htons(64000),
			},
	};
	memcpy(s->ethernet.h_dest, arena->mac, sizeof(arena->mac));
	s->ethernet.h_source[0] = 2;
	programs->bss->inject_ip_sum = sum(&s->ip, sizeof(s->ip));
	programs->bss->inject_tcp_sum = sum(&s->tcp, sizeof(s->tcp)) + sum(&pseudo, sizeof(pseudo));
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

double bench_inject(const struct bench_injector *injector, const struct bench_arena *arena, unsigned port,
		    bool received, unsigned count)
{
	struct inject_bpf *programs = injector->programs;
	struct segment segment;
	struct xdp_md device = {.data_end = sizeof(segment), .ingress_ifindex = arena->ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, run, .repeat = count, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH,
		    .ctx_in = &device, .ctx_size_in = sizeof(device), .data_in = &segment,
		    .data_size_in = sizeof(segment));
	double start;

	fill(arena, port, &segment, programs);
	programs->bss->inject_verdict = received ? XDP_PASS : XDP_DROP;
	programs->bss->bench_table.next = 0;
	start = cpu_ns();
	if (bpf_prog_test_run_opts(bpf_program__fd(programs->progs.bench_inject), &run))
		err(1, "BPF_PROG_TEST_RUN with live frames");
	start = cpu_ns() - start;
	if (programs->bss->bench_table.next != count)
		errx(1, "%u SYNs were sent, not %u", programs->bss->bench_table.next, count);
	return start / count;
}
