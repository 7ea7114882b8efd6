/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/carry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cleanup.h"
#include "kernel/image.h"

#define WORDS (KM_VERDICTS * KM_REASONS_ROOM) /* of a slot */

void km_carry_open(const struct km_pins *pins, struct km_carry *carry)
{
	carry->counters = km_pins_get(pins, KM_PIN_COUNTERS, NULL);
	carry->cuts = km_pins_get(pins, KM_PIN_CUTS, NULL);
}

void km_carry_close(struct km_carry *carry)
{
	km_auto_close(&carry->counters);
	km_auto_close(&carry->cuts);
	*carry = (struct km_carry){-1, -1};
}

static int info_of(int map, struct bpf_map_info *info)
{
	uint32_t length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(map, info, &length) ? -errno : 0;
}

static bool is_same_map(int a, int b)
{
	struct bpf_map_info x, y;

	return !info_of(a, &x) && !info_of(b, &y) && x.id == y.id;
}

/* Rows of any size: the words that both versions have stand at its start. */
static int add_counters(int old, struct km_cuts *cuts, struct km_err *err)
{
	int cpus = libbpf_num_possible_cpus();
	KM_AUTO_FREE unsigned char *rows = NULL;
	struct bpf_map_info info;
	size_t words, stride;

	if (info_of(old, &info) || cpus < 1)
		return km_fail(err, EIO, "the counts of the programs before cannot be read");
	stride = (info.value_size + 7u) & ~(size_t)7;
	words = stride / sizeof(__u64) < WORDS ? stride / sizeof(__u64) : WORDS;
	rows = calloc(cpus, stride);
	if (!rows)
		return km_fail(err, ENOMEM, "no memory");
	for (uint32_t slot = 0; slot < KM_SLOTS && slot < info.max_entries; slot++) {
		if (bpf_map_lookup_elem(old, &slot, rows))
			return km_fail(err, errno, "the counts of the programs before cannot be read: %s",
				       strerror(errno));
		for (int cpu = 0; cpu < cpus; cpu++)
			for (size_t i = 0; i < words; i++)
				cuts->carried[slot][i] += ((const __u64 *)(rows + cpu * stride))[i];
	}
	return 0;
}

/* Of another version's `cuts` only the start is known: both counts, before the log. */
static int add_cuts(int old, struct km_cuts *cuts, struct km_err *err)
{
	KM_AUTO_FREE struct km_cuts *before = NULL;
	struct bpf_map_info info;
	uint32_t zero = 0;

	if (info_of(old, &info))
		return km_fail(err, errno, "what was cut before cannot be read: %s", strerror(errno));
	before = calloc(1, info.value_size > sizeof(*before) ? info.value_size : sizeof(*before));
	if (!before)
		return km_fail(err, ENOMEM, "no memory");
	if (bpf_map_lookup_elem(old, &zero, before))
		return km_fail(err, errno, "what was cut before cannot be read: %s", strerror(errno));
	for (size_t slot = 0; slot < KM_SLOTS; slot++) {
		cuts->revoked[slot] += before->revoked[slot];
		for (size_t i = 0; i < WORDS; i++)
			cuts->carried[slot][i] += before->carried[slot][i];
	}
	return 0;
}

int km_carry_over(const struct km_carry *carry, const struct km_object *object, struct km_err *err)
{
	bool counters = carry->counters >= 0 && !is_same_map(carry->counters, object->counters);
	bool cut = carry->cuts >= 0 && !is_same_map(carry->cuts, object->cuts);
	struct km_cuts *cuts;
	int r = 0;

	if (!counters && !cut)
		return 0;
	r = km_image_settle(object->images, err);
	if (r)
		return r;
	cuts = mmap(NULL, sizeof(*cuts), PROT_READ | PROT_WRITE, MAP_SHARED, object->cuts, 0);
	if (cuts == MAP_FAILED)
		return km_fail(err, errno, "map '" KM_PIN_CUTS "' cannot be mapped: %s", strerror(errno));
	if (counters)
		r = add_counters(carry->counters, cuts, err);
	if (!r && cut)
		r = add_cuts(carry->cuts, cuts, err);
	munmap(cuts, sizeof(*cuts));
	return r;
}
