/* SPDX-License-Identifier: BSD-2-Clause */
/* Each of them is what it is: one round. */
#include <err.h>
#include <stdbool.h>
#include <stddef.h>

#include "context.h"
#include "guard.h"
#include "list.h"
#include "measure.h"
#include "size.h"

static const struct {
	const char *id;
	enum bench_shape shape;
	size_t prefixes;
	bool each; /* bytes a prefix, else KiB in all */
} images[] = {
	{"memory.10.kib", BENCH_V4, 10, false},
	{"memory.v4.1m.bytes_per_cidr", BENCH_V4, 1000000, true},
	{"memory.v6.1m.bytes_per_cidr", BENCH_V6, 1000000, true},
	{"fit.memory.v4.4m_in_one_8.bytes_per_cidr", BENCH_V4_ONE_BLOCK, 4000000, true},
	{"fit.memory.v6.500k_scattered.bytes_per_cidr", BENCH_V6_SCATTERED, 500000, true},
};

static void add(const char *id, const char *unit, double value)
{
	if (bench_wanted(id))
		bench_measure(id, unit, NULL, 1)->value[0] = value;
}

static void programs(const struct bench_guard *guard)
{
	static const char *const ids[2][2] = {
		{"program.lookup.verified", "program.lookup.bytes"},
		{"program.packet.verified", "program.packet.bytes"},
	};
	const int prog[2] = {guard->object.lookup_prog, guard->object.packet_prog};

	for (int i = 0; i < 2; i++) {
		unsigned verified, machine_code;

		bench_program_size(prog[i], &verified, &machine_code);
		add(ids[i][0], "instructions", verified);
		add(ids[i][1], "bytes", machine_code);
	}
}

void bench_sizes(const struct bench_context *context)
{
	for (unsigned i = 0; i < sizeof(images) / sizeof(*images); i++) {
		bool with_programs = i == 0;
		struct bench_guard guard;
		struct bench_list list;

		if (!bench_wanted(images[i].id) && !with_programs)
			continue;
		bench_list_make(&list, images[i].shape, images[i].prefixes, 1);
		if (!bench_guard_fits(&list)) {
			warnx("no image has room for %s", images[i].id);
			bench_list_free(&list);
			continue;
		}
		bench_guard_load(&context->pins, &list, 0, &guard);
		add(images[i].id, images[i].each ? "bytes" : "KiB",
		    guard.image_memory / (images[i].each ? (double)images[i].prefixes : 1024));
		if (with_programs)
			programs(&guard);
		bench_guard_close(&guard);
		bench_list_free(&list);
	}
}
