/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sources that were let in, for the daemon to remember. A ring a CPU: some stores for each new connection, no lock and
 * no hash. What the daemon does not read in time is overwritten.
 */
#ifndef KM_ARRIVE_H
#define KM_ARRIVE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "kubemoat.h"

/* One entry a CPU: max_entries is set before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct km_arrivals);
} arrivals SEC(".maps");

/* What the daemon has read there. Here, so that it is made and kept together with it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, KM_SEEN);
	__type(key, struct km_arrival);
	__type(value, __u64);
} seen SEC(".maps");

static __always_inline void km_arrive(const struct km_tuple *t, int self)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct km_arrivals *mine = bpf_map_lookup_elem(&arrivals, &cpu);
	struct km_arrival *arrival;

	if (!mine)
		return;
	arrival = &mine->arrival[mine->head & (KM_ARRIVALS - 1)];
	arrival->source = t->source;
	arrival->port = t->port;
	arrival->family = t->family;
	arrival->self = self;
	barrier();
	*(volatile __u64 *)&mine->head = mine->head + 1;
}

#endif
