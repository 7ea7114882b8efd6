/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cleanup.h"
#include "kernel/event.h"

/* NULL where the programs in place are older than the map. */
static int map_cuts(const struct km_pins *pins, const struct km_cuts **cuts, struct km_err *err)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_CUTS, err);
	void *mapped;

	*cuts = NULL;
	if (map < 0)
		return map == -ENOENT ? 0 : map;
	mapped = mmap(NULL, sizeof(**cuts), PROT_READ, MAP_SHARED, map, 0);
	if (mapped == MAP_FAILED)
		return km_fail(err, errno, "map '" KM_PIN_CUTS "' cannot be mapped: %s", strerror(errno));
	*cuts = mapped;
	return 0;
}

/* What user space counted beside. */
static int add_cuts(const struct km_pins *pins, struct km_counters sums[KM_SLOTS], struct km_err *err)
{
	const struct km_cuts *cuts;
	int r = map_cuts(pins, &cuts, err);

	if (r || !cuts)
		return r;
	for (size_t slot = 0; slot < KM_SLOTS; slot++) {
		sums[slot].count[KM_DENY][KM_REVOKED] += __atomic_load_n(&cuts->revoked[slot], __ATOMIC_RELAXED);
		for (size_t i = 0; i < KM_VERDICTS * KM_REASONS_ROOM; i++)
			sums[slot].count[i / KM_REASONS_ROOM][i % KM_REASONS_ROOM] += cuts->carried[slot][i];
	}
	munmap((void *)cuts, sizeof(*cuts));
	return 0;
}

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
	return add_cuts(pins, sums, err);
}

struct km_log_reader {
	const struct km_log *cpus; /* mapped */
	size_t size;
	const struct km_cuts *cuts; /* mapped; NULL: not there */
	const struct km_pins *pins; /* borrowed */
	int limiters;		    /* the map `cpus`; -1: not there when it was last asked for */
	uint64_t suppressed;	    /* read last */
	uint32_t count;		    /* of CPUs and rings of `cuts` together */
	struct {
		const struct km_log *log;
		uint64_t next; /* number of the event to read next, from 1 */
	} ring[];
};

static void release(const struct km_log_reader *reader)
{
	munmap((void *)reader->cpus, reader->size);
	if (reader->cuts)
		munmap((void *)reader->cuts, sizeof(*reader->cuts));
	if (reader->limiters >= 0)
		close(reader->limiters);
}

static int map_cpus(const struct km_pins *pins, const struct km_log **cpus, uint32_t *count, struct km_err *err)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_DENIALS, err);
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	void *mapped;

	if (map < 0)
		return map;
	if (bpf_obj_get_info_by_fd(map, &info, &length))
		return km_fail(err, errno, "map '" KM_PIN_DENIALS "': %s", strerror(errno));
	if (info.value_size != sizeof(struct km_log))
		return km_fail(err, EPROTO, "map '" KM_PIN_DENIALS "' is of another version of kubemoat");
	mapped = mmap(NULL, info.max_entries * sizeof(struct km_log), PROT_READ, MAP_SHARED, map, 0);
	if (mapped == MAP_FAILED)
		return km_fail(err, errno, "map '" KM_PIN_DENIALS "' cannot be mapped: %s", strerror(errno));
	*cpus = mapped;
	*count = info.max_entries;
	return 0;
}

/* -1: the pin is gone, and may be put back, or is of another version. */
static int open_limiters(const struct km_pins *pins)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_CPUS, NULL);
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &length) || info.value_size != sizeof(struct km_cpu))
		return -1;
	return KM_TAKE_FD(map);
}

int km_log_open(const struct km_pins *pins, bool from_start, struct km_log_reader **reader, struct km_err *err)
{
	struct km_log_reader mapped = {0}, *r;
	uint32_t cpus = 0;
	int code;

	code = map_cpus(pins, &mapped.cpus, &cpus, err);
	if (code)
		return code;
	mapped.size = cpus * sizeof(*mapped.cpus);
	mapped.pins = pins;
	mapped.limiters = open_limiters(pins);
	code = map_cuts(pins, &mapped.cuts, err);
	mapped.count = cpus + (mapped.cuts ? KM_CUT_LOGS : 0);
	r = code ? NULL : malloc(sizeof(*r) + mapped.count * sizeof(r->ring[0]));
	if (!r) {
		release(&mapped);
		return code ?: km_fail(err, ENOMEM, "no memory");
	}
	*r = mapped;
	for (uint32_t i = 0; i < r->count; i++) {
		const struct km_log *log = i < cpus ? &r->cpus[i] : &r->cuts->log[i - cpus];
		uint64_t head = __atomic_load_n(&log->head, __ATOMIC_ACQUIRE);

		r->ring[i].log = log;
		r->ring[i].next = !from_start ? head + 1 : head > KM_LOG_EVENTS ? head - KM_LOG_EVENTS + 1 : 1;
	}
	*reader = r;
	return 0;
}

void km_log_close(struct km_log_reader *reader)
{
	if (!reader)
		return;
	release(reader);
	free(reader);
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
		const struct km_log *log = reader->ring[i].log;
		uint64_t head = __atomic_load_n(&log->head, __ATOMIC_ACQUIRE), *next = &reader->ring[i].next;

		while (*next <= head && count < room) {
			uint64_t oldest = head > KM_LOG_EVENTS ? head - KM_LOG_EVENTS + 1 : 1;

			if (*next < oldest) {
				*lost += oldest - *next;
				*next = oldest;
			}
			if (km_event_read(log, *next, &events[count]))
				count++;
			else
				(*lost)++;
			++*next;
			head = __atomic_load_n(&log->head, __ATOMIC_ACQUIRE);
		}
	}
	qsort(events, count, sizeof(*events), by_time);
	return count;
}

uint64_t km_log_suppressed(struct km_log_reader *reader)
{
	int cpus = libbpf_num_possible_cpus();
	KM_AUTO_FREE struct km_cpu *per_cpu = cpus > 0 ? calloc(cpus, sizeof(*per_cpu)) : NULL;
	uint32_t key = 0;
	uint64_t sum = 0;

	if (reader->limiters < 0)
		reader->limiters = open_limiters(reader->pins);
	if (!per_cpu || bpf_map_lookup_elem(reader->limiters, &key, per_cpu))
		return reader->suppressed;
	for (int i = 0; i < cpus; i++)
		sum += per_cpu[i].suppressed;
	reader->suppressed = sum;
	return sum;
}
