/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who counts a revoked connection: the packet layer, which drops what it sends, or user space, which looks for it and
 * ends it. One claim a connection and policy; the oldest ones make room.
 */
#ifndef KM_REVOKE_H
#define KM_REVOKE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "kubemoat.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, KM_CLAIMS);
	__type(key, struct km_claim);
	__type(value, __u32);
} claims SEC(".maps");

/* Written by user space alone. Here, so that it is made and kept together with what the programs count. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct km_cuts);
} cuts SEC(".maps");

/* True if nobody has counted the revocation of this connection yet: now it is the caller's to do. Out of line for the
 * room that the key takes on the stack. */
static __noinline int km_claim_revocation(const struct km_tuple *t, __u64 generation)
{
	struct km_claim claim = {
		.source = t->source,
		.destination = t->destination,
		.generation = generation,
		.source_port = t->source_port,
		.port = t->port,
		.family = t->family,
	};
	__u32 one = 1;

	return !bpf_map_update_elem(&claims, &claim, &one, BPF_NOEXIST);
}

#endif
