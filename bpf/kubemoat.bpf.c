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
#include <bpf/bpf_helpers.h>

#include "account.h"
#include "decide.h"
#include "hint.h"
#include "image.h"
#include "kubemoat.h"
#include "lookup.h"
#include "note.h"
#include "packet.h"
#include "revoke.h"

#define KM_AF_INET 2

#define KM_PASS_PACKET 1
#define KM_DROP_PACKET 0

char LICENSE[] SEC("license") = "GPL";

/* Cookie of the guarded network namespace, or 0: this kernel does not give it to cgroup_skb programs. */
const volatile __u64 km_netns_cookie = 0;

/* Counts, unless that is left to the packet layer, where each packet counts once however often the kernel looks up. */
static __always_inline __u32 km_lookup_judge(const struct km_image *image, __u32 number, const struct km_tuple *t,
					     __u32 reason)
{
	const struct km_service *service = &image->set[number].service;
	__u32 verdict = KM_ALLOW, decision = KM_NOTE_PASS;

	if (reason & KM_AS_SELF) {
		decision = KM_NOTE_SELF;
	} else if (!km_reason_allows(reason)) {
		verdict = service->flags & KM_ENFORCE ? KM_DENY : KM_AUDIT;
		if (verdict == KM_AUDIT)
			decision = KM_NOTE_AUDIT;
		else
			decision = service->flags & KM_DROP && service->flags & KM_PACKET_LAYER ? KM_NOTE_DROP
												: KM_NOTE_REFUSED;
	}
	if (decision == KM_NOTE_REFUSED || !(service->flags & KM_PACKET_LAYER))
		km_account(image, t, service->slot, verdict, reason);
	return decision;
}

/* Out of line, as is all that follows: a tuple takes room on the stack. */
static __noinline int km_lookup_log(struct bpf_sk_lookup *ctx, const struct km_image *image, __u32 number, __u32 family)
{
	struct km_tuple t = {};

	if (family == KM_V4)
		km_lookup_tuple(ctx, KM_V4, &t);
	else
		km_lookup_tuple(ctx, KM_V6, &t);
	return km_log_write(&t, image->generation, image->set[number].service.slot, KM_DENY << 8 | KM_DENIED_SOURCE);
}

/* Whatever is neither allowed nor refused at once. */
static __noinline int km_lookup_rest(struct bpf_sk_lookup *ctx, const struct km_image *image, __u32 number,
				     __u32 family, int listed)
{
	const struct km_set *set = &image->set[number];
	const struct km_service *service = &set->service;
	__u32 reason = KM_ASK, decision;
	struct km_tuple t = {};
	struct km_cpu *cpu;

	if (family == KM_V4) {
		km_lookup_tuple(ctx, KM_V4, &t);
		if (!km_is_strange(KM_V4, &t.source, &t.destination))
			reason = km_decide_plain(image, km_image_mask, set, KM_V4, &t.source, listed);
	} else {
		km_lookup_tuple(ctx, KM_V6, &t);
		if (!km_is_strange(KM_V6, &t.source, &t.destination))
			reason = km_decide_plain(image, km_image_mask, set, KM_V6, &t.source, listed);
	}
	if (reason == KM_ASK)
		reason = km_decide_rest(image, km_image_mask, number, &t, KM_PATH_UNKNOWN);
	decision = km_lookup_judge(image, number, &t, reason);
	cpu = km_this_cpu();
	if (cpu)
		km_lookup_note(cpu, ctx, family, image, service, &t.source, km_note_destination(family, &t.destination),
			       decision, reason);
	return decision == KM_NOTE_REFUSED ? SK_DROP : SK_PASS;
}

/*
 * In line for each family, which is a constant then. What is common comes first and asks for no more than it needs:
 * each value that is kept for later costs a store and a load, a call as much as a set.
 */
static __always_inline int km_lookup_family(struct bpf_sk_lookup *ctx, const struct km_image *image, __u32 number,
					    __u32 family)
{
	const struct km_set *set = &image->set[number];
	const struct km_service *service;
	struct km_ip source = {};
	struct km_cpu *cpu;
	__be64 destination;

	KM_OPAQUE(set); /* one address, not several that are computed and kept */
	service = &set->service;
	km_lookup_source(ctx, family, &source);
	if (km_set_has(image, km_image_mask, set, family, &source)) {
		if ((service->flags & (KM_DENY_SELF | KM_PACKET_LAYER)) == KM_PACKET_LAYER) {
			/* Counted by the packet layer, which looks once more at what claims to come from this host. */
			cpu = km_this_cpu();
			if (cpu)
				km_lookup_note(cpu, ctx, family, image, service, &source,
					       km_lookup_note_destination(ctx, family), KM_NOTE_PASS, KM_ALLOWED);
			return SK_PASS;
		}
		return km_lookup_rest(ctx, image, number, family, 1);
	}
	if ((service->flags & (KM_ENFORCE | KM_DROP)) != KM_ENFORCE)
		return km_lookup_rest(ctx, image, number, family, 0);
	destination = km_lookup_note_destination(ctx, family);
	if (km_may_be_strange(family, &source, km_note_number(family, destination)) &&
	    km_lookup_is_strange(ctx, family, &source))
		return km_lookup_rest(ctx, image, number, family, 0);
	if (km_set_has(image, km_image_mask, &image->set[KM_SET_SPECIAL], family, &source))
		return km_lookup_rest(ctx, image, number, family, 0);
	cpu = km_this_cpu();
	if (!cpu) /* there always is one */
		return SK_DROP;
	if (km_count_denial(cpu, image, service->slot, KM_DENY, KM_DENIED_SOURCE))
		km_lookup_log(ctx, image, number, family);
	km_lookup_note(cpu, ctx, family, image, service, &source, destination, KM_NOTE_REFUSED, KM_DENIED_SOURCE);
	return SK_DROP;
}

SEC("sk_lookup")
int km_lookup(struct bpf_sk_lookup *ctx)
{
	const struct km_image *image;
	__u32 port, number;

	KM_LOAD(port, ctx->local_port);
	if (!km_image_watches(port)) /* most of what comes: nothing is looked up for it */
		return SK_PASS;
	if (ctx->protocol != IPPROTO_TCP)
		return SK_PASS;
	image = km_image_present();
	if (!image)
		return SK_PASS;
	if (km_image_changes(image))
		goto scheduled;
judge:
	number = km_image_service(image, port);
	if (!number)
		return SK_PASS;
	number = km_image_number(number);
	return ctx->family == KM_AF_INET ? km_lookup_family(ctx, image, number, KM_V4)
					 : km_lookup_family(ctx, image, number, KM_V6);
scheduled:
	image = km_image_scheduled(image);
	goto judge;
}

/* A packet to a listener that the lookup has just decided: counted here, where that is still to be done. */
static __noinline int km_packet_decided(struct bpf_sock *sk, const struct km_image *image, const struct km_packet *p,
					__u32 decision)
{
	/* Refused and counted; somebody overrode us. */
	if (decision == KM_NOTE_REFUSED)
		return KM_DROP_PACKET;
	if (decision == KM_NOTE_DROP) {
		km_account(image, &p->tuple, p->service.slot, KM_DENY, p->reason);
		return KM_DROP_PACKET;
	}
	/* An ACK that was looked up ends a handshake by SYN cookie, whose SYN was counted. */
	if (p->syn && p->service.flags & KM_PACKET_LAYER) {
		km_account(image, &p->tuple, p->service.slot, decision == KM_NOTE_AUDIT ? KM_AUDIT : KM_ALLOW,
			   p->reason);
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
	return mark || km_set_has(image, km_image_mask, &image->set[KM_SET_OWN], t->family, &t->destination);
}

/*
 * Is it TCP? Fills in ports and flags where they can be read; where its header does not say so, the socket may: a
 * segment that came in a tunnel of UDP has a header that says UDP.
 */
static __always_inline int km_packet_is_tcp(struct __sk_buff *skb, struct bpf_sock *sk, struct km_packet *p)
{
	if (!km_packet_transport(skb, p) && p->protocol == IPPROTO_TCP) {
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
	const struct km_service *service = &image->set[number].service;
	int enforce = service->flags & KM_ENFORCE;

	km_account(image, &p->tuple, service->slot, enforce ? KM_DENY : KM_AUDIT, KM_ERROR);
	return enforce ? KM_DROP_PACKET : KM_PASS_PACKET;
}

/*
 * Takes the note that the lookup left for this packet to a listener: its decision, and in *p why and for which service.
 * KM_NOTE_NONE: there is none.
 */
static __always_inline __u32 km_packet_noted(const struct km_image *image, struct km_packet *p)
{
	struct km_cpu *cpu = km_this_cpu();
	struct km_note *note;
	__u32 decision;

	if (!cpu) /* there always is one */
		return KM_NOTE_NONE;
	note = &cpu->note;
	if (!km_note_fits(note, &p->tuple) || !(p->syn || note->generation == image->generation))
		return KM_NOTE_NONE;
	decision = KM_NOTE_DECISION(note->what);
	p->reason = KM_NOTE_REASON(note->what);
	p->service = note->service;
	note->what = KM_NOTE_NONE;
	if (decision == KM_NOTE_PASS && km_is_strange(p->tuple.family, &p->tuple.source, &p->tuple.destination))
		decision = KM_NOTE_SELF;
	return decision;
}

/*
 * Whatever is not decided at once, and all that comes to a listener: once more, from the start. Not static: the
 * verifier walks it by itself, and not again for each state that it might be called in. Weak: the compiler takes
 * nothing of it for granted, as the verifier does not.
 */
__weak int km_packet_rest(struct __sk_buff *skb)
{
	const struct km_image *image = km_image_in_force();
	const struct km_service *service;
	struct bpf_sock *sk = skb->sk;
	__u32 number, named, family, decision = KM_NOTE_NONE;
	struct km_packet p = {};

	if (!sk || !image)
		return KM_PASS_PACKET;
	number = km_image_service(image, sk->src_port);
	family = km_packet_family(skb);
	/* IPv6 first: to the verifier what follows of IPv4, with words that are 0, is a case of it. */
	if (family == KM_FAMILIES ||
	    (family == KM_V6 ? km_packet_network(skb, KM_V6, &p) : km_packet_network(skb, KM_V4, &p)))
		return number ? km_packet_unreadable(image, &p, km_image_number(number)) : KM_PASS_PACKET;
	if (sk->state == BPF_TCP_LISTEN) {
		if (!km_packet_is_tcp(skb, sk, &p))
			return KM_PASS_PACKET;
		/* The port that the client asked for comes before the one that it was steered to. */
		named = km_image_service(image, p.tuple.port);
		if (named)
			number = named;
		decision = km_packet_noted(image, &p);
		if (decision != KM_NOTE_NONE && decision != KM_NOTE_SELF)
			return km_packet_decided(sk, image, &p, decision);
	}
	if (!number)
		return KM_PASS_PACKET;
	number = km_image_number(number);
	service = &image->set[number].service;
	/* A byte of the stack that the verifier does not follow: it walks what comes once, whatever was noted. */
	p.noted = decision;
	p.reason = km_decide_rest(image, km_image_mask, number, &p.tuple, skb->ifindex);
	decision = p.noted;
	/* The lookup took it for this host's own: now it is known whether it came through lo. */
	if (decision == KM_NOTE_SELF) {
		if (!km_reason_allows(p.reason))
			decision = service->flags & KM_ENFORCE ? KM_NOTE_DROP : KM_NOTE_AUDIT;
		p.service = *service;
		return km_packet_decided(sk, image, &p, decision);
	}
	/* In audit a connection is counted when it is made: here it passes. */
	if (km_reason_allows(p.reason) || !(service->flags & KM_ENFORCE))
		return KM_PASS_PACKET;
	return km_packet_refuse(skb, sk, image, &p, service->slot);
}

/*
 * Of a connection: most packets there are. In line for each family; nothing but the source is kept of a packet whose
 * source is listed, or of a connection that is refused already. KM_ASK: km_packet_rest() tells.
 */
static __always_inline __u32 km_packet_connected(struct __sk_buff *skb, struct bpf_sock *sk,
						 const struct km_image *image, __u32 number, __u32 family)
{
	const struct km_set *set = &image->set[number];
	struct km_ip source = {};
	struct km_mark *mark;
	__u32 reason;

	KM_OPAQUE(set);
	if (skb->ifindex == KM_PATH_LO || km_packet_plain_source(skb, family, &source))
		return KM_ASK;
	reason = km_decide_plain(image, km_image_mask, set, family, &source,
				 km_set_has(image, km_image_mask, set, family, &source));
	if (KM_LIKELY(reason == KM_ALLOWED))
		return KM_PASS_PACKET;
	if (reason == KM_DENIED_SOURCE) {
		if (!(set->service.flags & KM_ENFORCE)) /* counted when it was made */
			return KM_PASS_PACKET;
		mark = km_mark_get(sk, 0);
		if (mark && mark->revoked)
			return KM_DROP_PACKET;
	}
	return KM_ASK;
}

SEC("cgroup_skb/ingress")
int km_packet(struct __sk_buff *skb)
{
	const struct km_image *image;
	struct bpf_sock *sk = skb->sk;
	__u32 port, number, state, family, verdict;

	if (!sk)
		return KM_PASS_PACKET;
	KM_LOAD(port, sk->src_port);
	KM_LOAD(state, sk->state);
	/* What reaches a listener may have asked for another port than its own. */
	if (!km_image_watches(port) && state != BPF_TCP_LISTEN)
		return KM_PASS_PACKET;
	if (state == BPF_TCP_LISTEN)
		goto rest;
	image = km_image_present();
	if (!image)
		return KM_PASS_PACKET;
	if (km_image_changes(image))
		goto scheduled;
judge:
	number = km_image_service(image, port);
	if (!number)
		return KM_PASS_PACKET;
	family = km_packet_family(skb);
	if (KM_UNLIKELY(family == KM_FAMILIES))
		goto rest;
	if (state == BPF_TCP_SYN_SENT) {
		km_mark_set(sk, KM_MARK_OWN);
		return KM_PASS_PACKET;
	}
	number = km_image_number(number);
	verdict = family == KM_V4 ? km_packet_connected(skb, sk, image, number, KM_V4)
				  : km_packet_connected(skb, sk, image, number, KM_V6);
	if (verdict == KM_ASK)
		goto rest;
	return verdict;
scheduled:
	image = km_image_scheduled(image);
	goto judge;
rest:
	/* Of a function by itself the verifier knows no result. */
	return km_packet_rest(skb) ? KM_PASS_PACKET : KM_DROP_PACKET;
}
