/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting and the log. Both are per CPU and written from softirq alone, so plain additions are exact; user space adds
 * the CPUs up. A denial is always counted; it is reported while the CPU's events of the running second last.
 */
#ifndef KM_ACCOUNT_H
#define KM_ACCOUNT_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "arrive.h"
#include "decide.h"
#include "image.h"
#include "kubemoat.h"

#define KM_SECOND 1000000000ull

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KM_SLOTS);
	__type(key, __u32);
	__type(value, struct km_counters);
} counters SEC(".maps");

/* One entry a CPU: max_entries is set before loading. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct km_log);
} denials SEC(".maps");

/* Looked up once for all that a verdict leaves on its CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct km_cpu);
} cpus SEC(".maps");

static __always_inline struct km_cpu *km_this_cpu(void)
{
	return bpf_map_lookup_elem(&cpus, (const void *)&km_zero);
}

static __always_inline void km_count(__u32 slot, __u32 verdict, __u32 reason)
{
	struct km_counters *row = bpf_map_lookup_elem(&counters, &slot);

	if (row && verdict < KM_VERDICTS)
		row->count[verdict][reason & (KM_REASONS_ROOM - 1)]++;
}

/* May one more event be reported? The clock is read at most once a tick: it costs as much as the rest of a denial. */
static __always_inline int km_log_room(struct km_cpu *cpu, __u32 per_second)
{
	__u64 jiffies = bpf_jiffies64();

	if (jiffies != cpu->jiffies) {
		__u64 now = bpf_ktime_get_boot_ns();

		cpu->jiffies = jiffies;
		if (now - cpu->second >= KM_SECOND) {
			cpu->second = now;
			cpu->used = 0;
		}
	}
	if (cpu->used >= per_second) {
		cpu->suppressed++;
		return 0;
	}
	cpu->used++;
	return 1;
}

/* Out of line: the room it takes on the stack and in the instruction cache is not on the way of a passing packet. */
static __noinline int km_log_write(const struct km_tuple *t, __u64 generation, __u32 slot, __u32 what)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct km_log *log = bpf_map_lookup_elem(&denials, &cpu);
	struct km_event *event;

	if (!log)
		return 0;
	event = &log->event[log->head & (KM_LOG_EVENTS - 1)];
	*(volatile __u64 *)&event->seq = 0;
	barrier();
	event->time = bpf_ktime_get_boot_ns();
	event->generation = generation;
	event->source = t->source;
	event->destination = t->destination;
	event->source_port = t->source_port;
	event->port = t->port;
	event->family = t->family;
	event->slot = slot;
	event->verdict = what >> 8;
	event->reason = what;
	barrier();
	*(volatile __u64 *)&event->seq = (__u64)km_event_check(event) << 32 | (__u32)(log->head + 1);
	log->head++;
	return 0;
}

/* Counts what is refused, or would be: true if it is to be reported too. */
static __always_inline int km_count_denial(struct km_cpu *cpu, const struct km_image *image, __u32 slot, __u32 verdict,
					   __u32 reason)
{
	km_count(slot, verdict, reason);
	return km_log_room(cpu, image->events_per_second);
}

/* Counts a decision, and reports it unless it lets the connection in. */
static __always_inline void km_account(const struct km_image *image, const struct km_tuple *t, __u32 slot,
				       __u32 verdict, __u32 reason)
{
	struct km_cpu *cpu;

	if (verdict != KM_DENY && reason != KM_ERROR)
		km_arrive(t, (reason & KM_AS_SELF) != 0);
	if (verdict == KM_ALLOW) {
		km_count(slot, verdict, reason);
		return;
	}
	cpu = km_this_cpu();
	if (cpu && km_count_denial(cpu, image, slot, verdict, reason))
		km_log_write(t, image->generation, slot, verdict << 8 | reason);
}

#endif
