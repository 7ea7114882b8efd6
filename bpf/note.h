/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the two layers make one decision. For a SYN the lookup and the packet program run back to back on one CPU: the
 * lookup leaves a note in that CPU's slot (struct km_note), the packet program takes it if the tuple is the same. A
 * packet with a fitting note was looked up in the guarded namespace just now.
 *
 * And marks on sockets: which ones belong to the guarded namespace, which are this host's own outgoing connections.
 */
#ifndef KM_NOTE_H
#define KM_NOTE_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "image.h"
#include "kubemoat.h"

enum km_decision {
	KM_NOTE_NONE,
	KM_NOTE_PASS,	 /* allowed */
	KM_NOTE_SELF,	 /* allowed as this host itself: confirm that it came through lo */
	KM_NOTE_AUDIT,	 /* would be refused, passes */
	KM_NOTE_DROP,	 /* to be dropped silently, and counted there */
	KM_NOTE_REFUSED, /* was refused and counted: if the packet comes all the same, somebody overrode us */
};

#define KM_NOTE(decision, reason, family) ((decision) | ((reason)&0xff) << 8 | (family) << 16)
#define KM_NOTE_DECISION(what) ((what)&0xff)
#define KM_NOTE_REASON(what) ((what) >> 8 & 0xff)
#define KM_NOTE_FAMILY(what) ((what) >> 16)

/* Accepted sockets inherit the mark of their listener. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct km_mark);
} marks SEC(".maps");

/* What a note has of a destination. */
static __always_inline __be64 km_note_destination(__u32 family, const struct km_ip *destination)
{
	return family == KM_V4 ? bpf_htonl(destination->word[0]) : bpf_cpu_to_be64(km_ip_half(destination, 1));
}

/* That as a number in host byte order. */
static __always_inline __u64 km_note_number(__u32 family, __be64 destination)
{
	return family == KM_V4 ? bpf_ntohl((__be32)destination) : bpf_be64_to_cpu(destination);
}

static __always_inline int km_note_fits(const struct km_note *note, const struct km_tuple *t)
{
	if (note->what == KM_NOTE_NONE || KM_NOTE_FAMILY(note->what) != t->family || note->port != t->port ||
	    note->source_port != bpf_htons(t->source_port) || note->source[0] != km_ip_half(&t->source, 0))
		return 0;
	if (t->family == KM_V6 && note->source[1] != km_ip_half(&t->source, 1))
		return 0;
	return note->destination == km_note_destination(t->family, &t->destination);
}

/* NULL: no mark, or a socket that cannot have one: a request to connect. */
static __always_inline struct km_mark *km_mark_get(struct bpf_sock *sk, __u64 flags)
{
	return bpf_sk_storage_get(&marks, sk, NULL, flags);
}

/* A socket may be used for one connection after the other: what was true of the last one is not of the next. */
static __always_inline void km_mark_set(struct bpf_sock *sk, __u32 kind)
{
	struct km_mark *mark = km_mark_get(sk, BPF_SK_STORAGE_GET_F_CREATE);

	if (mark && mark->kind != kind) {
		mark->kind = kind;
		mark->revoked = 0;
	}
}

#endif
