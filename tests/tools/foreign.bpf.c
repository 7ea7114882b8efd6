// SPDX-License-Identifier: GPL-2.0-only
/* Programs of somebody else on the same host: they steer a port to a listener of their choice. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

const volatile __u16 steered_port;

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} target SEC(".maps");

SEC("sk_lookup")
int steer_lookup(struct bpf_sk_lookup *ctx)
{
	__u32 zero = 0;
	struct bpf_sock *sk;

	if (ctx->local_port != steered_port)
		return SK_PASS;
	sk = bpf_map_lookup_elem(&target, &zero);
	if (!sk)
		return SK_PASS;
	bpf_sk_assign(ctx, sk, BPF_SK_LOOKUP_F_REPLACE);
	bpf_sk_release(sk);
	return SK_PASS;
}

/* The addresses and ports of a TCP segment over plain IPv4 or IPv6, or NULL. */
static __always_inline struct bpf_sock_tuple *tuple_of(struct __sk_buff *skb, __u32 *size)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	struct bpf_sock_tuple *tuple;

	if (data + sizeof(*eth) > end)
		return NULL;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = (void *)(eth + 1);

		tuple = (void *)&ip->saddr;
		*size = sizeof(tuple->ipv4);
		if ((void *)tuple + sizeof(tuple->ipv4) > end || ip->protocol != IPPROTO_TCP || ip->ihl != 5 ||
		    tuple->ipv4.dport != bpf_htons(steered_port))
			return NULL;
		return tuple;
	}
	if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = (void *)(eth + 1);

		tuple = (void *)&ip->saddr;
		*size = sizeof(tuple->ipv6);
		if ((void *)tuple + sizeof(tuple->ipv6) > end || ip->nexthdr != IPPROTO_TCP ||
		    tuple->ipv6.dport != bpf_htons(steered_port))
			return NULL;
		return tuple;
	}
	return NULL;
}

SEC("tc")
int steer_tc(struct __sk_buff *skb)
{
	struct bpf_sock_tuple *tuple;
	struct bpf_sock *sk;
	__u32 zero = 0, size;

	tuple = tuple_of(skb, &size);
	if (!tuple)
		return TC_ACT_OK;
	/* A connection that exists keeps its socket; only what would reach a listener is steered. */
	sk = bpf_skc_lookup_tcp(skb, tuple, size, BPF_F_CURRENT_NETNS, 0);
	if (sk) {
		if (sk->state != BPF_TCP_LISTEN) {
			bpf_sk_assign(skb, sk, 0);
			bpf_sk_release(sk);
			return TC_ACT_OK;
		}
		bpf_sk_release(sk);
	}
	sk = bpf_map_lookup_elem(&target, &zero);
	if (!sk)
		return TC_ACT_OK;
	bpf_sk_assign(skb, sk, 0);
	bpf_sk_release(sk);
	return TC_ACT_OK;
}

SEC("cgroup_skb/ingress")
int let_in(struct __sk_buff *skb)
{
	return 1;
}
