// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the guard is measured against: programs that do nothing, on each hook, and an allowlist in the kernel's own trie
 * of prefixes, on each hook, with a counter for each verdict as the guard has.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "source.h"

#define BENCH_AF_INET 2
#define BENCH_PORT 6443
#define BENCH_ETH_P_IP 0x0800
#define BENCH_SADDR 12 /* offset of the source in an IPv4 header */

char LICENSE[] SEC("license") = "GPL";

struct bench_key4 {
	__u32 bits;
	__u32 address[1];
};

struct bench_key6 {
	__u32 bits;
	__u32 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* set before loading */
	__type(key, struct bench_key4);
	__type(value, __u32);
} trie4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__type(key, struct bench_key6);
	__type(value, __u32);
} trie6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

SEC("sk_lookup")
int bench_lookup_noop(struct bpf_sk_lookup *ctx)
{
	return SK_PASS;
}

SEC("cgroup_skb/ingress")
int bench_packet_noop(struct __sk_buff *skb)
{
	return 1;
}

/* Reads the table as the others do, so that what the table costs is in both sides of the ratio. */
SEC("sk_lookup")
int bench_lookup_noop_cold(struct bpf_sk_lookup *ctx)
{
	const __u32 *address = bench_address();

	if (ctx->family == BENCH_AF_INET) {
		asm volatile("" ::"r"(address[0]));
	} else {
#pragma unroll
		for (int i = 0; i < 4; i++)
			asm volatile("" ::"r"(address[i]));
	}
	bench_advance();
	return SK_PASS;
}

static __always_inline __u32 denied4(const __u32 *address)
{
	struct bench_key4 key = {.bits = 32, .address = {address[0]}};

	return !bpf_map_lookup_elem(&trie4, &key);
}

static __always_inline __u32 denied6(const __u32 *address)
{
	struct bench_key6 key = {.bits = 128, .address = {address[0], address[1], address[2], address[3]}};

	return !bpf_map_lookup_elem(&trie6, &key);
}

static __always_inline void count(__u32 denied)
{
	__u64 *counter = bpf_map_lookup_elem(&verdicts, &denied);

	if (counter)
		*counter += 1;
}

SEC("sk_lookup")
int bench_lookup_trie(struct bpf_sk_lookup *ctx)
{
	__u32 address[4], denied;

	if (ctx->local_port != BENCH_PORT)
		return SK_PASS;
	if (ctx->family == BENCH_AF_INET) {
		address[0] = ctx->remote_ip4;
		denied = denied4(address);
	} else {
#pragma unroll
		for (int i = 0; i < 4; i++)
			address[i] = ctx->remote_ip6[i];
		denied = denied6(address);
	}
	count(denied);
	return denied ? SK_DROP : SK_PASS;
}

SEC("sk_lookup")
int bench_lookup_trie_cold(struct bpf_sk_lookup *ctx)
{
	__u32 denied;

	if (ctx->local_port != BENCH_PORT)
		return SK_PASS;
	denied = ctx->family == BENCH_AF_INET ? denied4(bench_address()) : denied6(bench_address());
	bench_advance();
	count(denied);
	return denied ? SK_DROP : SK_PASS;
}

/* As systemd's IPAddressAllow: every packet to a socket below the cgroup, whatever its port; IPv4 is what is sent. */
SEC("cgroup_skb/ingress")
int bench_packet_trie(struct __sk_buff *skb)
{
	__u32 source, denied;

	if (skb->protocol != bpf_htons(BENCH_ETH_P_IP) || bpf_skb_load_bytes(skb, BENCH_SADDR, &source, sizeof(source)))
		return 1;
	denied = denied4(&source);
	count(denied);
	return !denied;
}
