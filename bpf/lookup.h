/* SPDX-License-Identifier: GPL-2.0-only */
/* What the lookup reads of its context, and what it leaves for the packet layer. */
#ifndef KM_LOOKUP_H
#define KM_LOOKUP_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "hint.h"
#include "image.h"
#include "kubemoat.h"
#include "note.h"

/* Half of an IPv6 address from two words in network byte order. Swapped once, and not again where it is used. */
static __always_inline void km_lookup_half(struct km_ip *ip, int half, __u64 low, __u64 high)
{
	__u64 number = bpf_be64_to_cpu(high << 32 | low);

	KM_OPAQUE(number);
	ip->word[2 * half] = number >> 32;
	ip->word[2 * half + 1] = number;
}

static __always_inline void km_lookup_source(struct bpf_sk_lookup *ctx, __u32 family, struct km_ip *source)
{
	__u64 low, high;
	__u32 word;

	if (family == KM_V4) {
		KM_LOAD(word, ctx->remote_ip4);
		word = bpf_ntohl(word);
		KM_OPAQUE(word); /* else it is swapped again for each use */
		source->word[0] = word;
		return;
	}
#pragma unroll
	for (int half = 0; half < 2; half++) {
		KM_LOAD(low, ctx->remote_ip6[2 * half]);
		KM_LOAD(high, ctx->remote_ip6[2 * half + 1]);
		km_lookup_half(source, half, low, high);
	}
}

static __always_inline void km_lookup_destination(struct bpf_sk_lookup *ctx, __u32 family, struct km_ip *destination)
{
	__u64 low, high;

	if (family == KM_V4) {
		KM_LOAD(low, ctx->local_ip4);
		destination->word[0] = bpf_ntohl((__u32)low);
		return;
	}
#pragma unroll
	for (int half = 0; half < 2; half++) {
		KM_LOAD(low, ctx->local_ip6[2 * half]);
		KM_LOAD(high, ctx->local_ip6[2 * half + 1]);
		km_lookup_half(destination, half, low, high);
	}
}

static __always_inline int km_lookup_is_strange(struct bpf_sk_lookup *ctx, __u32 family, const struct km_ip *source)
{
	struct km_ip destination = {};

	km_lookup_destination(ctx, family, &destination);
	return km_is_strange(family, source, &destination);
}

static __always_inline void km_lookup_tuple(struct bpf_sk_lookup *ctx, __u32 family, struct km_tuple *t)
{
	__u32 port;

	km_lookup_source(ctx, family, &t->source);
	km_lookup_destination(ctx, family, &t->destination);
	/* In the low half of what older kernels declare as 32 bits. */
	KM_LOAD(port, ctx->remote_port);
	t->source_port = bpf_ntohs((__u16)port);
	t->port = ctx->local_port;
	t->family = family;
}

/* km_note_destination() of the context. */
static __always_inline __be64 km_lookup_note_destination(struct bpf_sk_lookup *ctx, __u32 family)
{
	__u64 low, high;

	if (family == KM_V4) {
		KM_LOAD(low, ctx->local_ip4);
		return low;
	}
	KM_LOAD(low, ctx->local_ip6[2]);
	KM_LOAD(high, ctx->local_ip6[3]);
	return high << 32 | low;
}

static __always_inline void km_lookup_note(struct km_cpu *cpu, struct bpf_sk_lookup *ctx, __u32 family,
					   const struct km_image *image, const struct km_service *service,
					   const struct km_ip *source, __be64 destination, __u32 decision, __u32 reason)
{
	struct km_note *note = &cpu->note;
	__u32 word;

	note->source[0] = km_ip_half(source, 0);
	if (family == KM_V6)
		note->source[1] = km_ip_half(source, 1);
	note->destination = destination;
	KM_LOAD(word, ctx->remote_port);
	note->source_port = word;
	note->port = ctx->local_port;
	note->generation = image->generation;
	note->service = *service;
	note->what = KM_NOTE(decision, reason, family);
}

#endif
