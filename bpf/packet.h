/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the packet layer reads of a packet. The port comes from the socket where it can, so that no header of ours to
 * parse decides whether a packet is judged; source and destination stand at fixed places of the network header.
 */
#ifndef KM_PACKET_H
#define KM_PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "hint.h"
#include "kubemoat.h"

struct km_packet {
	struct km_tuple tuple;	   /* ports: 0 until km_packet_tcp() */
	__u32 transport;	   /* offset of what follows the fixed network header */
	__u8 protocol;		   /* of it */
	__u8 syn;		   /* SYN without ACK */
	volatile __u8 noted;	   /* KM_NOTE_SELF or KM_NOTE_NONE, while it is judged (km_packet_rest()) */
	__u16 reason;		   /* enum km_reason, once it is judged */
	struct km_service service; /* that judged it, once it is decided */
};

/* IPv4 says so by skb->protocol, also on a dual-stack socket. KM_FAMILIES: neither. */
static __always_inline __u32 km_packet_family(const struct __sk_buff *skb)
{
	__u32 protocol = skb->protocol;

	return protocol == bpf_htons(ETH_P_IP) ? KM_V4 : protocol == bpf_htons(ETH_P_IPV6) ? KM_V6 : KM_FAMILIES;
}

static __always_inline void km_packet_ipv4(const struct iphdr *ip, struct km_packet *p)
{
	p->tuple.source.word[0] = bpf_ntohl(ip->saddr);
	p->tuple.destination.word[0] = bpf_ntohl(ip->daddr);
	p->protocol = ip->protocol;
	p->transport = ip->ihl * 4;
}

static __always_inline void km_packet_ipv6(const struct ipv6hdr *ip, struct km_packet *p)
{
#pragma unroll
	for (int i = 0; i < 4; i++) {
		p->tuple.source.word[i] = bpf_ntohl(ip->saddr.s6_addr32[i]);
		p->tuple.destination.word[i] = bpf_ntohl(ip->daddr.s6_addr32[i]);
	}
	p->protocol = ip->nexthdr;
	p->transport = sizeof(*ip);
}

/* Source, destination, protocol. 0, or -1: not readable. */
static __always_inline int km_packet_network(struct __sk_buff *skb, __u32 family, struct km_packet *p)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	p->tuple.family = family;
	if (family == KM_V4) {
		struct iphdr copy;

		if (KM_LIKELY(data + sizeof(struct iphdr) <= end)) {
			km_packet_ipv4(data, p);
			return 0;
		}
		if (bpf_skb_load_bytes(skb, 0, &copy, sizeof(copy)))
			return -1;
		km_packet_ipv4(&copy, p);
	} else {
		struct ipv6hdr copy;

		if (KM_LIKELY(data + sizeof(struct ipv6hdr) <= end)) {
			km_packet_ipv6(data, p);
			return 0;
		}
		if (bpf_skb_load_bytes(skb, 0, &copy, sizeof(copy)))
			return -1;
		km_packet_ipv6(&copy, p);
	}
	return 0;
}

/*
 * The source of a packet whose header can be read in place and is not strange. 0, or -1: it takes km_packet_network()
 * to tell.
 */
static __always_inline int km_packet_plain_source(struct __sk_buff *skb, __u32 family, struct km_ip *source)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct km_ip destination = {};

	if (family == KM_V4) {
		const struct iphdr *ip = data;

		if (data + sizeof(*ip) > end)
			return -1;
		source->word[0] = bpf_ntohl(ip->saddr);
		return km_may_be_strange(KM_V4, source, bpf_ntohl(ip->daddr)) ? -1 : 0;
	}
	const struct ipv6hdr *ip = data;

	if (data + sizeof(*ip) > end)
		return -1;
#pragma unroll
	for (int i = 0; i < 4; i++) {
		source->word[i] = bpf_ntohl(ip->saddr.s6_addr32[i]);
		destination.word[i] = bpf_ntohl(ip->daddr.s6_addr32[i]);
	}
	if (!km_may_be_strange(KM_V6, source, km_ip_half(&destination, 1)))
		return 0;
	return km_is_strange(KM_V6, source, &destination) ? -1 : 0;
}

#define KM_EXTENSIONS 8 /* headers before TCP that are walked */
#define KM_NO_TRANSPORT (~0ull)

static __always_inline int km_is_extension(__u32 protocol)
{
	return protocol == IPPROTO_HOPOPTS || protocol == IPPROTO_ROUTING || protocol == IPPROTO_DSTOPTS ||
	       protocol == IPPROTO_AH || protocol == IPPROTO_FRAGMENT;
}

/*
 * Walks IPv6 extension headers: what the last one announces, and behind it (<< 8) where that stands; KM_NO_TRANSPORT:
 * not found. Only finds a note or names a port: where it gives up, the packet is judged by the socket's port all the
 * same. Not static, and weak: as km_packet_rest().
 */
__weak __u64 km_packet_walk(struct __sk_buff *skb, __u32 protocol)
{
	__u32 offset = sizeof(struct ipv6hdr);

	for (int i = 0; i < KM_EXTENSIONS; i++) {
		__u8 head[2];

		if (!km_is_extension(protocol))
			return (__u64)offset << 8 | (protocol & 0xff);
		if (bpf_skb_load_bytes(skb, offset, head, sizeof(head)))
			return KM_NO_TRANSPORT;
		offset += protocol == IPPROTO_AH	 ? (head[1] + 2) * 4
			  : protocol == IPPROTO_FRAGMENT ? 8
							 : (head[1] + 1) * 8;
		protocol = head[0];
	}
	return KM_NO_TRANSPORT;
}

/* To the transport header. 0, or -1: not found. */
static __always_inline int km_packet_transport(struct __sk_buff *skb, struct km_packet *p)
{
	__u64 found;

	if (p->tuple.family == KM_V4 || !km_is_extension(p->protocol))
		return 0;
	found = km_packet_walk(skb, p->protocol);
	if (found == KM_NO_TRANSPORT)
		return -1;
	p->protocol = found;
	p->transport = found >> 8;
	return 0;
}

/* Ports and flags of the TCP header, behind km_packet_transport(). 0, or -1: not readable. */
static __always_inline int km_packet_tcp(struct __sk_buff *skb, struct km_packet *p)
{
	struct tcphdr tcp;
	__u32 source, port;

	if (bpf_skb_load_bytes(skb, p->transport, &tcp, sizeof(tcp)))
		return -1;
	source = bpf_ntohs(tcp.source);
	port = bpf_ntohs(tcp.dest);
	p->tuple.source_port = source;
	p->tuple.port = port;
	p->syn = tcp.syn & ~tcp.ack;
	return 0;
}

#endif
