/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the two layers make one decision. For a SYN the lookup and the packet program run back to back on one CPU: the
 * lookup leaves a note in that CPU's slot, the packet program takes it if the tuple is the same. A packet with a
 * fitting note was looked up in the guarded namespace just now.
 *
 * And marks on sockets: which ones belong to the guarded namespace, which are this host's own outgoing connections.
 */
#ifndef KM_NOTE_H
#define KM_NOTE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "kubemoat.h"

enum km_decision {
	KM_NOTE_NONE,
	KM_NOTE_PASS,	 /* allowed */
	KM_NOTE_SELF,	 /* allowed as this host itself: confirm that it came through lo */
	KM_NOTE_AUDIT,	 /* would be refused, passes */
	KM_NOTE_DROP,	 /* to be dropped silently, and counted there */
	KM_NOTE_REFUSED, /* was refused and counted: if the packet comes all the same, somebody overrode us */
};

struct km_note {
	struct km_tuple tuple; /* of IPv4 addresses the first word alone */
	__u64 generation;
	__u8 decision; /* enum km_decision */
	__u8 reason;   /* enum km_reason */
	__u8 slot;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct km_note);
} notes SEC(".maps");

/* Accepted sockets inherit the mark of their listener. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct km_mark);
} marks SEC(".maps");

static __always_inline struct km_note *km_note_slot(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&notes, &zero);
}

static __always_inline int km_note_fits(const struct km_note *note, const struct km_tuple *t)
{
	return note->decision != KM_NOTE_NONE && note->tuple.source_port == t->source_port &&
	       note->tuple.port == t->port && note->tuple.family == t->family &&
	       km_same_ip(t->family, &note->tuple.source, &t->source) &&
	       km_same_ip(t->family, &note->tuple.destination, &t->destination);
}

/* NULL: no mark, or a socket that cannot have one: a request to connect. */
static __always_inline struct km_mark *km_mark_get(struct bpf_sock *sk, __u64 flags)
{
	return bpf_sk_storage_get(&marks, sk, NULL, flags);
}

static __always_inline void km_mark_set(struct bpf_sock *sk, __u32 kind)
{
	struct km_mark *mark = km_mark_get(sk, BPF_SK_STORAGE_GET_F_CREATE);

	if (mark && mark->kind != kind)
		mark->kind = kind;
}

#endif
