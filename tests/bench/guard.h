/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard with a list in force, not attached to anything. */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "kernel/object.h"
#include "kernel/pins.h"
#include "list.h"
#include "source.h"

enum bench_guard_options {
	/* Not as the product loads it by default, where the lookup leaves the counting of what it lets in to the packet
	 * layer: the lookup is the only layer and counts every decision. */
	BENCH_ALONE = 1 << 0,
	/* Guards only BENCH_PORT, not port 0 as well (see run.h). */
	BENCH_ONE_PORT = 1 << 1,
};

struct bench_guard {
	struct km_object object; /* has the programs */
	size_t image_memory;	 /* bytes that the kernel accounts the image's map with */
};

/* False if no image has room for the list. */
bool bench_guard_fits(const struct bench_list *list);

/*
 * One service in enforce, with deny: reset, and that list; `options` of enum bench_guard_options. Ends the program
 * where it cannot.
 */
void bench_guard_load(const struct km_pins *pins, const struct bench_list *list, unsigned options,
		      struct bench_guard *guard);
void bench_guard_close(struct bench_guard *guard);

/* The lookup, with sources from a table. */
struct bench_cold {
	struct cold_bpf *programs;
	int lookup;
	struct bench_table *table;
};

/* Likewise. */
void bench_cold_load(const struct bench_list *list, unsigned options, struct bench_cold *cold);
void bench_cold_close(struct bench_cold *cold);

/* The kernel's own account of a program's size: instructions that the verifier looked at until it was content (0 before
 * Linux 5.16), bytes of machine code. */
void bench_program_size(int prog, unsigned *verified, unsigned *machine_code);

#endif
