/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cleanup.h"

int km_read_counters(const struct km_pins *pins, struct km_counters sums[KM_SLOTS], struct km_err *err)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_COUNTERS, err);
	KM_AUTO_FREE struct km_counters *per_cpu = NULL;
	int cpus = libbpf_num_possible_cpus();

	if (map < 0)
		return map;
	if (cpus < 1)
		return km_fail(err, -cpus, "the number of possible CPUs cannot be read: %s", strerror(-cpus));
	per_cpu = calloc(cpus, sizeof(*per_cpu));
	if (!per_cpu)
		return km_fail(err, ENOMEM, "no memory");
	memset(sums, 0, KM_SLOTS * sizeof(*sums));
	for (uint32_t slot = 0; slot < KM_SLOTS; slot++) {
		__u64 *sum = &sums[slot].count[0][0];

		if (bpf_map_lookup_elem(map, &slot, per_cpu))
			return km_fail(err, errno, "map '" KM_PIN_COUNTERS "' cannot be read: %s", strerror(errno));
		for (int cpu = 0; cpu < cpus; cpu++) {
			const __u64 *count = &per_cpu[cpu].count[0][0];

			for (size_t i = 0; i < sizeof(*sums) / sizeof(*sum); i++)
				sum[i] += count[i];
		}
	}
	return 0;
}

struct km_log_reader {
	const struct km_log *cpus; /* mapped */
	size_t size;
	uint32_t count;
	uint64_t next[]; /* per CPU: number of the event to read next, from 1 */
};

int km_log_open(const struct km_pins *pins, bool from_start, struct km_log_reader **reader, struct km_err *err)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_DENIALS, err);
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	struct km_log_reader *r;
	void *cpus;

	if (map < 0)
		return map;
	if (bpf_obj_get_info_by_fd(map, &info, &length))
		return km_fail(err, errno, "map '" KM_PIN_DENIALS "': %s", strerror(errno));
	if (info.value_size != sizeof(struct km_log))
		return km_fail(err, EPROTO, "map '" KM_PIN_DENIALS "' is of another version of kubemoat");
	r = calloc(1, sizeof(*r) + info.max_entries * sizeof(r->next[0]));
	if (!r)
		return km_fail(err, ENOMEM, "no memory");
	r->count = info.max_entries;
	r->size = (size_t)r->count * sizeof(struct km_log);
	cpus = mmap(NULL, r->size, PROT_READ, MAP_SHARED, map, 0);
	if (cpus == MAP_FAILED) {
		int code = errno;

		free(r);
		return km_fail(err, code, "map '" KM_PIN_DENIALS "' cannot be mapped: %s", strerror(code));
	}
	r->cpus = cpus;
	for (uint32_t i = 0; i < r->count; i++) {
		uint64_t head = __atomic_load_n(&r->cpus[i].head, __ATOMIC_ACQUIRE);

		r->next[i] = !from_start ? head + 1 : head > KM_LOG_EVENTS ? head - KM_LOG_EVENTS + 1 : 1;
	}
	*reader = r;
	return 0;
}

void km_log_close(struct km_log_reader *reader)
{
	if (!reader)
		return;
	munmap((void *)reader->cpus, reader->size);
	free(reader);
}

/* Copies event number n; false if it is being written or was overwritten. */
static bool copy_event(const struct km_log *cpu, uint64_t n, struct km_event *event)
{
	const struct km_event *at = &cpu->event[(n - 1) % KM_LOG_EVENTS];

	if (__atomic_load_n(&at->seq, __ATOMIC_ACQUIRE) != n)
		return false;
	memcpy(event, at, sizeof(*event));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&at->seq, __ATOMIC_RELAXED) == n;
}

static int by_time(const void *a, const void *b)
{
	const struct km_event *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

size_t km_log_read(struct km_log_reader *reader, struct km_event *events, size_t room, uint64_t *lost)
{
	size_t count = 0;

	for (uint32_t i = 0; i < reader->count; i++) {
		const struct km_log *cpu = &reader->cpus[i];
		uint64_t head = __atomic_load_n(&cpu->head, __ATOMIC_ACQUIRE);

		while (reader->next[i] <= head && count < room) {
			uint64_t oldest = head > KM_LOG_EVENTS ? head - KM_LOG_EVENTS + 1 : 1;

			if (reader->next[i] < oldest) {
				*lost += oldest - reader->next[i];
				reader->next[i] = oldest;
			}
			if (copy_event(cpu, reader->next[i], &events[count]))
				count++;
			else
				(*lost)++;
			reader->next[i]++;
			head = __atomic_load_n(&cpu->head, __ATOMIC_ACQUIRE);
		}
	}
	qsort(events, count, sizeof(*events), by_time);
	return count;
}

uint64_t km_log_suppressed(const struct km_log_reader *reader)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < reader->count; i++)
		sum += __atomic_load_n(&reader->cpus[i].suppressed, __ATOMIC_RELAXED);
	return sum;
}
