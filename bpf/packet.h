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
#include "kubemoat.h"

#define KM_LOOPBACK_IFINDEX 1 /* of lo, in every network namespace */

struct km_packet {
	struct km_tuple tuple; /* ports: 0 until km_packet_tcp() */
	__u32 transport;       /* offset of what follows the fixed network header */
	__u8 protocol;	       /* of it */
	__u8 syn;	       /* SYN without ACK */
};

/* Source, destination, protocol. 0, or -1: not readable. IPv4 says so by skb->protocol, also on a dual-stack socket. */
static __always_inline int km_packet_network(struct __sk_buff *skb, struct km_packet *p)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (skb->protocol == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = data;
		struct iphdr copy;

		p->tuple.family = KM_V4;
		if ((void *)(ip + 1) <= end) {
			p->tuple.source.word[0] = bpf_ntohl(ip->saddr);
			p->tuple.destination.word[0] = bpf_ntohl(ip->daddr);
			p->protocol = ip->protocol;
			p->transport = ip->ihl * 4;
			return 0;
		}
		if (bpf_skb_load_bytes(skb, 0, &copy, sizeof(copy)))
			return -1;
		p->tuple.source.word[0] = bpf_ntohl(copy.saddr);
		p->tuple.destination.word[0] = bpf_ntohl(copy.daddr);
		p->protocol = copy.protocol;
		p->transport = copy.ihl * 4;
		return 0;
	}
	if (skb->protocol == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = data;
		struct ipv6hdr copy;

		p->tuple.family = KM_V6;
		p->transport = sizeof(*ip);
		if ((void *)(ip + 1) <= end) {
#pragma unroll
			for (int i = 0; i < 4; i++) {
				p->tuple.source.word[i] = bpf_ntohl(ip->saddr.s6_addr32[i]);
				p->tuple.destination.word[i] = bpf_ntohl(ip->daddr.s6_addr32[i]);
			}
			p->protocol = ip->nexthdr;
			return 0;
		}
		if (bpf_skb_load_bytes(skb, 0, &copy, sizeof(copy)))
			return -1;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			p->tuple.source.word[i] = bpf_ntohl(copy.saddr.s6_addr32[i]);
			p->tuple.destination.word[i] = bpf_ntohl(copy.daddr.s6_addr32[i]);
		}
		p->protocol = copy.nexthdr;
		return 0;
	}
	return -1;
}

#define KM_EXTENSIONS 8 /* headers before TCP that are walked */

/*
 * Walks IPv6 extension headers to the transport header. 0, or -1: not found. Only finds a note or names a port: where
 * it gives up, the packet is judged by the socket's port all the same.
 */
static __always_inline int km_packet_transport(struct __sk_buff *skb, struct km_packet *p)
{
	if (p->tuple.family == KM_V4)
		return 0;
	for (int i = 0; i < KM_EXTENSIONS; i++) {
		__u8 head[2];

		if (p->protocol != IPPROTO_HOPOPTS && p->protocol != IPPROTO_ROUTING &&
		    p->protocol != IPPROTO_DSTOPTS && p->protocol != IPPROTO_AH && p->protocol != IPPROTO_FRAGMENT)
			return 0;
		if (bpf_skb_load_bytes(skb, p->transport, head, sizeof(head)))
			return -1;
		p->transport += p->protocol == IPPROTO_AH	  ? (head[1] + 2) * 4
				: p->protocol == IPPROTO_FRAGMENT ? 8
								  : (head[1] + 1) * 8;
		p->protocol = head[0];
	}
	return -1;
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
	p->syn = tcp.syn && !tcp.ack;
	return 0;
}

#endif
