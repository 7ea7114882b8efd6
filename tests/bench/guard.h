/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard with a list in force, not attached to anything. */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <stdbool.h>

#include "kernel/object.h"
#include "kernel/pins.h"
#include "list.h"
#include "source.h"

/* Programs are file descriptors. */
struct bench_guard {
	struct km_object both;	/* as the product loads it by default: the lookup leaves the counting of what it lets in
				 * to  the packet layer */
	struct km_object alone; /* the same as the only layer: the lookup counts every decision */
	struct cold_bpf *cold;	/* the lookup as the only layer, with sources from a table */
	int lookup, packet;
	int lookup_alone, lookup_cold; /* -1: not asked for */
	struct bench_table *table;
};

/*
 * One service in enforce, with deny: reset, that guards BENCH_PORT (and port 0, see run.h) with that list. `all`: also
 * what has -1 above. Ends the program where it cannot.
 */
void bench_guard_load(const struct km_pins *pins, const struct bench_list *list, bool all, struct bench_guard *guard);
void bench_guard_close(struct bench_guard *guard);

#endif
