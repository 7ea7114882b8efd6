// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gives each frame that BPF_PROG_TEST_RUN sends another source and the checksums that go with it, and hands it to the
 * network stack as a device's driver does, or to nobody.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

#include "source.h"

char LICENSE[] SEC("license") = "GPL";

/* Set by user space. Sums of 16-bit words in network byte order, of all that is in the headers but the source. */
__u32 inject_ip_sum, inject_tcp_sum;
__u32 inject_verdict;

static __always_inline __u16 checksum(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int bench_inject(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 source, sum;

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	source = bench_address()[0];
	bench_advance();
	sum = (source & 0xffff) + (source >> 16);
	ip->saddr = source;
	ip->check = checksum(inject_ip_sum + sum);
	tcp->check = checksum(inject_tcp_sum + sum);
	return inject_verdict;
}
