/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <err.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <bpf/bpf.h>

#include "kubemoat.h"
#include "policy/addr.h"
#include "run.h"

#define SOURCE_PORT 40000

struct segment {
	struct ethhdr ethernet;
	union {
		struct {
			struct iphdr ip;
			struct tcphdr tcp;
		} __attribute__((packed)) v4;
		struct {
			struct ipv6hdr ip;
			struct tcphdr tcp;
		} __attribute__((packed)) v6;
	};
} __attribute__((packed));

struct km_ip bench_own(enum km_family family)
{
	if (family == KM_V4)
		return (struct km_ip){{BENCH_OWN_V4}};
	return (struct km_ip){{0xfd000000, 0, 0, 1}};
}

static void fill_lookup(struct bpf_sk_lookup *ctx, enum km_family family, struct km_ip source, unsigned port)
{
	struct km_ip own = bench_own(family);

	*ctx = (struct bpf_sk_lookup){
		.family = family == KM_V4 ? AF_INET : AF_INET6,
		.protocol = IPPROTO_TCP,
		.remote_port = htons(SOURCE_PORT),
		.local_port = port,
	};
	km_ip_to_bytes(family, source, family == KM_V4 ? (void *)&ctx->remote_ip4 : ctx->remote_ip6);
	km_ip_to_bytes(family, own, family == KM_V4 ? (void *)&ctx->local_ip4 : ctx->local_ip6);
}

static void fill_segment(struct segment *s, enum km_family family, struct km_ip source, unsigned port)
{
	struct tcphdr tcp = {.source = htons(SOURCE_PORT), .dest = htons(port), .doff = 5, .ack = 1};

	memset(s, 0, sizeof(*s));
	if (family == KM_V4) {
		s->ethernet.h_proto = htons(ETH_P_IP);
		s->v4.ip.version = 4;
		s->v4.ip.ihl = 5;
		s->v4.ip.protocol = IPPROTO_TCP;
		s->v4.ip.tot_len = htons(sizeof(s->v4));
		km_ip_to_bytes(family, source, (char *)&s->v4.ip + offsetof(struct iphdr, saddr));
		km_ip_to_bytes(family, bench_own(family), (char *)&s->v4.ip + offsetof(struct iphdr, daddr));
		s->v4.tcp = tcp;
	} else {
		s->ethernet.h_proto = htons(ETH_P_IPV6);
		s->v6.ip.version = 6;
		s->v6.ip.nexthdr = IPPROTO_TCP;
		s->v6.ip.payload_len = htons(sizeof(tcp));
		km_ip_to_bytes(family, source, &s->v6.ip.saddr);
		km_ip_to_bytes(family, bench_own(family), &s->v6.ip.daddr);
		s->v6.tcp = tcp;
	}
}

static double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

double bench_run(int prog, enum bench_hook hook, enum km_family family, struct km_ip source, unsigned port,
		 unsigned ifindex, unsigned repeat, unsigned *verdict)
{
	LIBBPF_OPTS(bpf_test_run_opts, run, .repeat = repeat);
	struct bpf_sk_lookup lookup;
	struct __sk_buff skb = {.ifindex = ifindex};
	struct segment segment;
	double start;

	if (hook == BENCH_LOOKUP) {
		fill_lookup(&lookup, family, source, port);
		run.ctx_in = &lookup;
		run.ctx_size_in = sizeof(lookup);
	} else {
		fill_segment(&segment, family, source, port);
		run.ctx_in = &skb;
		run.ctx_size_in = sizeof(skb);
		run.data_in = &segment;
		run.data_size_in = sizeof(segment);
	}
	start = cpu_ns();
	if (bpf_prog_test_run_opts(prog, &run))
		err(1, "BPF_PROG_TEST_RUN");
	*verdict = run.retval;
	return (cpu_ns() - start) / repeat;
}
