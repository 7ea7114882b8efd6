// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two hooks: read the context, decide, account, return.
 *
 *   sk_lookup            once per new connection to the guarded namespace, before a listener is picked: the admission
 *   cgroup_skb/ingress   each packet to a socket below the cgroup: the same verdict where the lookup was overridden or
 *                        passed by, silent drops, connections whose source is no longer allowed
 *
 * docs/design.md has the table of what the packet program sees and what it makes of it.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "account.h"
#include "decide.h"
#include "hint.h"
#include "image.h"
#include "kubemoat.h"
#include "note.h"
#include "packet.h"
#include "revoke.h"

#define KM_AF_INET 2

#define KM_PASS_PACKET 1
#define KM_DROP_PACKET 0

char LICENSE[] SEC("license") = "GPL";

/* Cookie of the guarded network namespace, or 0: this kernel does not give it to cgroup_skb programs. */
const volatile __u64 km_netns_cookie = 0;

/*
 * One field of the context into *to. clang 14 merges the loads of the families through a moved context pointer, which
 * the verifier refuses: each load is finished before the next.
 */
#define KM_LOAD(to, from)               \
	do {                            \
		__u32 loaded_ = (from); \
		KM_OPAQUE(loaded_);     \
		(to) = loaded_;         \
	} while (0)

static __always_inline void km_lookup_addresses(struct bpf_sk_lookup *ctx, __u32 family, struct km_ip *source,
						struct km_ip *destination)
{
	__u32 word;

	if (family == KM_V4) {
		KM_LOAD(word, ctx->remote_ip4);
		source->word[0] = bpf_ntohl(word);
		KM_LOAD(word, ctx->local_ip4);
		destination->word[0] = bpf_ntohl(word);
		return;
	}
#pragma unroll
	for (int i = 0; i < 4; i++) {
		KM_LOAD(word, ctx->remote_ip6[i]);
		source->word[i] = bpf_ntohl(word);
		KM_LOAD(word, ctx->local_ip6[i]);
		destination->word[i] = bpf_ntohl(word);
	}
}

/* Of IPv4 addresses the first word alone is written. */
static __always_inline void km_lookup_tuple(struct bpf_sk_lookup *ctx, __u32 family, const struct km_ip *source,
					    const struct km_ip *destination, struct km_tuple *t)
{
	__u32 port;

#pragma unroll
	for (int i = 0; i < (family == KM_V4 ? 1 : 4); i++) {
		t->source.word[i] = source->word[i];
		t->destination.word[i] = destination->word[i];
	}
	/* Network byte order, in the low half of what older kernels declare as 32 bits. */
	KM_LOAD(port, ctx->remote_port);
	t->source_port = bpf_ntohs((__u16)port);
	t->port = ctx->local_port;
	t->family = family;
}

/* Counts, unless that is left to the packet layer, where each packet counts once however often the kernel looks up. */
static __always_inline __u32 km_lookup_judge(const struct km_image *image, __u32 number, const struct km_tuple *t,
					     __u32 reason)
{
	const struct km_service *service = &image->service[number];
	__u32 verdict = KM_ALLOW, decision = KM_NOTE_PASS;

	if (reason & KM_AS_SELF) {
		decision = KM_NOTE_SELF;
	} else if (!km_reason_allows(reason)) {
		verdict = service->flags & KM_ENFORCE ? KM_DENY : KM_AUDIT;
		if (verdict == KM_AUDIT)
			decision = KM_NOTE_AUDIT;
		else
			decision = service->flags & KM_DROP && image->flags & KM_PACKET_LAYER ? KM_NOTE_DROP
											      : KM_NOTE_REFUSED;
	}
	if (decision == KM_NOTE_REFUSED || !(image->flags & KM_PACKET_LAYER))
		km_account(image, t, service->slot, verdict, reason);
	return decision;
}

/* In line for each family, which is a constant then. */
static __always_inline int km_lookup_family(struct bpf_sk_lookup *ctx, const struct km_image *image, __u32 number,
					    __u32 family)
{
	const struct km_service *service = &image->service[number];
	struct km_ip source = {}, destination = {};
	__u32 reason, decision = KM_NOTE_PASS;
	struct km_note *note;

	km_lookup_addresses(ctx, family, &source, &destination);
	reason = km_decide_at_once(image, km_image_mask, number, family, &source, &destination, KM_PATH_UNKNOWN);
	if (KM_LIKELY(reason == KM_ALLOWED && image->flags & KM_PACKET_LAYER)) {
		/* Counted there. */
	} else if (reason == KM_DENIED_SOURCE && (service->flags & (KM_ENFORCE | KM_DROP)) == KM_ENFORCE) {
		struct km_log *log = km_count_denial(image, service->slot, KM_DENY, reason);

		decision = KM_NOTE_REFUSED;
		if (log) {
			struct km_tuple tuple = {};

			km_lookup_tuple(ctx, family, &source, &destination, &tuple);
			km_log_write(log, &tuple, image->generation, service->slot, KM_DENY << 8 | KM_DENIED_SOURCE);
		}
	} else {
		struct km_tuple tuple = {};

		km_lookup_tuple(ctx, family, &source, &destination, &tuple);
		if (reason == KM_ASK)
			reason = km_decide_rest(image, km_image_mask, number, &tuple, KM_PATH_UNKNOWN);
		decision = km_lookup_judge(image, number, &tuple, reason);
	}
	note = km_note_slot();
	if (note) {
		km_lookup_tuple(ctx, family, &source, &destination, &note->tuple);
		note->generation = image->generation;
		note->slot = service->slot;
		note->decision = decision;
		note->reason = reason;
	}
	return decision == KM_NOTE_REFUSED ? SK_DROP : SK_PASS;
}

SEC("sk_lookup")
int km_lookup(struct bpf_sk_lookup *ctx)
{
	const struct km_image *image;
	__u32 number;

	if (ctx->protocol != IPPROTO_TCP)
		return SK_PASS;
	image = km_image_in_force();
	if (!image)
		return SK_PASS;
	number = km_image_service(image, ctx->local_port);
	if (!number)
		return SK_PASS;
	number = km_image_number(number);
	return ctx->family == KM_AF_INET ? km_lookup_family(ctx, image, number, KM_V4)
					 : km_lookup_family(ctx, image, number, KM_V6);
}

/* A packet to a listener that the lookup has just decided: counted here, where that is still to be done. */
static __always_inline int km_packet_decided(struct bpf_sock *sk, const struct km_image *image,
					     const struct km_packet *p, __u32 decision, __u32 slot, __u32 reason)
{
	/* Refused and counted; somebody overrode us. */
	if (decision == KM_NOTE_REFUSED)
		return KM_DROP_PACKET;
	if (decision == KM_NOTE_DROP) {
		km_account(image, &p->tuple, slot, KM_DENY, reason);
		return KM_DROP_PACKET;
	}
	/* An ACK that was looked up ends a handshake by SYN cookie, whose SYN was counted. */
	if (p->syn && image->flags & KM_PACKET_LAYER) {
		km_account(image, &p->tuple, slot, decision == KM_NOTE_AUDIT ? KM_AUDIT : KM_ALLOW, reason);
		if (!km_netns_cookie)
			km_mark_set(sk, KM_MARK_GUARDED);
	}
	return KM_PASS_PACKET;
}

/* Does the socket belong to the guarded namespace? Asked only where the image says deny. */
static __always_inline int km_packet_is_ours(struct __sk_buff *skb, const struct km_image *image,
					     const struct km_mark *mark, const struct km_tuple *t)
{
	if (km_netns_cookie)
		return bpf_get_netns_cookie(skb) == km_netns_cookie;
	return mark || km_set_has(image, km_image_mask, KM_SET_OWN, t->family, &t->destination);
}

/* Is it TCP? Fills in ports and flags where they can be read; the socket has the last word on the protocol. */
static __always_inline int km_packet_is_tcp(struct __sk_buff *skb, struct bpf_sock *sk, struct km_packet *p)
{
	if (!km_packet_transport(skb, p)) {
		if (p->protocol != IPPROTO_TCP)
			return 0;
		km_packet_tcp(skb, p);
		return 1;
	}
	sk = bpf_sk_fullsock(sk);
	return sk && sk->protocol == IPPROTO_TCP;
}

/*
 * The policy refuses a packet that has no note. Only now is it asked whose packet it is: the answer to a connection of
 * this host, or another namespace's.
 */
static __noinline int km_packet_refuse(struct __sk_buff *skb, struct bpf_sock *sk, const struct km_image *image,
				       struct km_packet *p, __u32 slot)
{
	int listening = sk->state == BPF_TCP_LISTEN;
	struct km_mark *mark;
	__u32 reason = p->reason;

	if (!listening) {
		if (!km_packet_is_tcp(skb, sk, p))
			return KM_PASS_PACKET;
		p->tuple.port = sk->src_port;
	}
	mark = km_mark_get(sk, 0);
	if (!listening && mark && mark->kind == KM_MARK_OWN)
		return KM_PASS_PACKET;
	if (!km_packet_is_ours(skb, image, mark, &p->tuple))
		return KM_PASS_PACKET;
	if (!p->syn)
		reason = KM_REVOKED;
	if (!listening) {
		if (!mark)
			mark = km_mark_get(sk, BPF_SK_STORAGE_GET_F_CREATE);
		if (mark && mark->revoked)
			return KM_DROP_PACKET;
		if (mark)
			mark->revoked = 1;
	}
	if (reason == KM_REVOKED && !km_claim_revocation(&p->tuple, image->generation))
		return KM_DROP_PACKET;
	km_account(image, &p->tuple, slot, KM_DENY, reason);
	return KM_DROP_PACKET;
}

/* The header of a packet to a guarded port cannot be read: that never means "pass". */
static __always_inline int km_packet_unreadable(const struct km_image *image, const struct km_packet *p, __u32 number)
{
	const struct km_service *service = &image->service[number];
	int enforce = service->flags & KM_ENFORCE;

	km_account(image, &p->tuple, service->slot, enforce ? KM_DENY : KM_AUDIT, KM_ERROR);
	return enforce ? KM_DROP_PACKET : KM_PASS_PACKET;
}

/* To a listening socket, whose port service `number` - 1 guards, or none (0). */
static __always_inline int km_packet_listening(struct __sk_buff *skb, struct bpf_sock *sk, const struct km_image *image,
					       __u32 number, __u32 family)
{
	const struct km_service *service;
	struct km_note *note = km_note_slot();
	__u32 named, decision = KM_NOTE_NONE;
	struct km_packet p = {};

	if (family == KM_V4 ? km_packet_network(skb, KM_V4, &p) : km_packet_network(skb, KM_V6, &p))
		return number ? km_packet_unreadable(image, &p, km_image_number(number)) : KM_PASS_PACKET;
	if (!km_packet_is_tcp(skb, sk, &p))
		return KM_PASS_PACKET;
	/* The port that the client asked for comes before the one that it was steered to. */
	named = km_image_service(image, p.tuple.port);
	if (named)
		number = named;
	if (note && km_note_fits(note, &p.tuple) && (p.syn || note->generation == image->generation)) {
		decision = note->decision;
		note->decision = KM_NOTE_NONE;
		if (decision != KM_NOTE_SELF)
			return km_packet_decided(sk, image, &p, decision, note->slot, note->reason);
	}
	if (!number)
		return KM_PASS_PACKET;
	number = km_image_number(number);
	service = &image->service[number];
	p.reason = km_decide_rest(image, km_image_mask, number, &p.tuple, skb->ifindex);
	/* The lookup took it for this host's own: now it is known whether it came through lo. */
	if (decision == KM_NOTE_SELF) {
		if (!km_reason_allows(p.reason))
			decision = service->flags & KM_ENFORCE ? KM_NOTE_DROP : KM_NOTE_AUDIT;
		return km_packet_decided(sk, image, &p, decision, service->slot, p.reason);
	}
	/* In audit a connection is counted when it is made: here it passes. */
	if (km_reason_allows(p.reason) || !(service->flags & KM_ENFORCE))
		return KM_PASS_PACKET;
	return km_packet_refuse(skb, sk, image, &p, service->slot);
}

/* Of a connection: most packets there are, and most of them are allowed at once. In line for each family. */
static __always_inline int km_packet_connected(struct __sk_buff *skb, struct bpf_sock *sk, const struct km_image *image,
					       __u32 number, __u32 family)
{
	const struct km_service *service = &image->service[number];
	struct km_packet p = {};
	struct km_mark *mark;

	if (km_packet_network(skb, family, &p))
		return km_packet_unreadable(image, &p, number);
	p.reason = km_decide_at_once(image, km_image_mask, number, family, &p.tuple.source, &p.tuple.destination,
				     skb->ifindex);
	if (KM_LIKELY(p.reason == KM_ALLOWED))
		return KM_PASS_PACKET;
	if (p.reason == KM_ASK)
		p.reason = km_decide_rest(image, km_image_mask, number, &p.tuple, skb->ifindex);
	/* In audit a connection is counted when it is made: here it passes. */
	if (km_reason_allows(p.reason) || !(service->flags & KM_ENFORCE))
		return KM_PASS_PACKET;
	mark = km_mark_get(sk, 0);
	if (mark && mark->revoked)
		return KM_DROP_PACKET;
	return km_packet_refuse(skb, sk, image, &p, service->slot);
}

SEC("cgroup_skb/ingress")
int km_packet(struct __sk_buff *skb)
{
	const struct km_image *image;
	struct bpf_sock *sk = skb->sk;
	__u32 number, state, family;

	if (!sk)
		return KM_PASS_PACKET;
	image = km_image_in_force();
	if (!image)
		return KM_PASS_PACKET;
	number = km_image_service(image, sk->src_port);
	state = sk->state;
	if (!number && state != BPF_TCP_LISTEN)
		return KM_PASS_PACKET;
	family = km_packet_family(skb);
	if (KM_UNLIKELY(family == KM_FAMILIES)) {
		const struct km_packet p = {};

		return number ? km_packet_unreadable(image, &p, km_image_number(number)) : KM_PASS_PACKET;
	}
	if (state == BPF_TCP_LISTEN)
		return km_packet_listening(skb, sk, image, number, family);
	if (state == BPF_TCP_SYN_SENT) {
		km_mark_set(sk, KM_MARK_OWN);
		return KM_PASS_PACKET;
	}
	number = km_image_number(number);
	if (family == KM_V4)
		return km_packet_connected(skb, sk, image, number, KM_V4);
	return km_packet_connected(skb, sk, image, number, KM_V6);
}
