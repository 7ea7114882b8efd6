/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/seen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cleanup.h"

struct km_seen_reader {
	const struct km_arrivals *cpus; /* mapped */
	size_t size;
	int table;
	uint32_t count;
	uint64_t next[]; /* per CPU: number of the arrival to read next, from 0 */
};

int km_seen_open(const struct km_pins *pins, struct km_seen_reader **reader, struct km_err *err)
{
	KM_AUTO_CLOSE int map = km_pins_get(pins, KM_PIN_ARRIVALS, err);
	KM_AUTO_CLOSE int table = -1;
	KM_AUTO_FREE struct km_seen_reader *r = NULL;
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);
	void *cpus;

	if (map < 0)
		return map;
	table = km_pins_get(pins, KM_PIN_SEEN, err);
	if (table < 0)
		return table;
	if (bpf_obj_get_info_by_fd(map, &info, &length))
		return km_fail(err, errno, "map '" KM_PIN_ARRIVALS "': %s", strerror(errno));
	r = calloc(1, sizeof(*r) + info.max_entries * sizeof(r->next[0]));
	if (!r)
		return km_fail(err, ENOMEM, "no memory");
	r->count = info.max_entries;
	r->size = (size_t)r->count * sizeof(*r->cpus);
	cpus = mmap(NULL, r->size, PROT_READ, MAP_SHARED, map, 0);
	if (cpus == MAP_FAILED)
		return km_fail(err, errno, "map '" KM_PIN_ARRIVALS "' cannot be mapped: %s", strerror(errno));
	r->cpus = cpus;
	r->table = KM_TAKE_FD(table);
	for (uint32_t i = 0; i < r->count; i++)
		r->next[i] = __atomic_load_n(&r->cpus[i].head, __ATOMIC_ACQUIRE);
	*reader = KM_TAKE_PTR(r);
	return 0;
}

void km_seen_close(struct km_seen_reader *reader)
{
	if (!reader)
		return;
	munmap((void *)reader->cpus, reader->size);
	close(reader->table);
	free(reader);
}

/* Copies arrival number n. False: it is overwritten, or about to be. */
static bool copy_arrival(const struct km_arrivals *cpu, uint64_t n, struct km_arrival *arrival)
{
	*arrival = cpu->arrival[n % KM_ARRIVALS];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&cpu->head, __ATOMIC_RELAXED) < n + KM_ARRIVALS;
}

static int take_cpu(struct km_seen_reader *reader, uint32_t number, uint64_t now, struct km_err *err)
{
	const struct km_arrivals *cpu = &reader->cpus[number];
	uint64_t head = __atomic_load_n(&cpu->head, __ATOMIC_ACQUIRE), *next = &reader->next[number];
	struct km_arrival arrival, last = {0};

	if (head - *next >= KM_ARRIVALS)
		*next = head - KM_ARRIVALS + 1;
	for (; *next < head; ++*next) {
		/* Clients that connect again and again often come in a row. */
		if (!copy_arrival(cpu, *next, &arrival) || !memcmp(&arrival, &last, sizeof(arrival)))
			continue;
		if (bpf_map_update_elem(reader->table, &arrival, &now, BPF_ANY))
			return km_fail(err, errno, "map '" KM_PIN_SEEN "' cannot be written: %s", strerror(errno));
		last = arrival;
	}
	return 0;
}

int km_seen_take(struct km_seen_reader *reader, int64_t now, struct km_err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < reader->count && !r; i++)
		r = take_cpu(reader, i, now, err);
	return r;
}

int km_seen_list(const struct km_pins *pins, struct km_seen_source **list, size_t *count, struct km_err *err)
{
	KM_AUTO_CLOSE int table = km_pins_get(pins, KM_PIN_SEEN, err);
	KM_AUTO_FREE struct km_seen_source *found = NULL;
	struct km_arrival key, *before = NULL;
	size_t n = 0;

	*list = NULL;
	*count = 0;
	if (table == -ENOENT)
		return 0;
	if (table < 0)
		return table;
	found = calloc(KM_SEEN, sizeof(*found));
	if (!found)
		return km_fail(err, ENOMEM, "no memory");
	/* One that is replaced while it is looked at starts the walk afresh: the room bounds it. */
	while (n < KM_SEEN && !bpf_map_get_next_key(table, before, &key)) {
		uint64_t last;

		if (!bpf_map_lookup_elem(table, &key, &last))
			found[n++] = (struct km_seen_source){key, last};
		before = &key;
	}
	if (n)
		*list = KM_TAKE_PTR(found);
	*count = n;
	return 0;
}
