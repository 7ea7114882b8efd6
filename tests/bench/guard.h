/* SPDX-License-Identifier: BSD-2-Clause */
/* The guard with a list in force, not attached to anything. */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include "kernel/object.h"
#include "kernel/pins.h"
#include "list.h"
#include "source.h"

struct bench_guard {
	struct km_object object; /* as the product loads it */
	struct cold_bpf *cold;	 /* the same programs with sources from a table; NULL: not asked for */
	int lookup, packet;	 /* programs */
	int lookup_cold;	 /* -1: not asked for */
	struct bench_table *table;
};

/*
 * One service in enforce, with deny: reset, that guards BENCH_PORT (and port 0, see run.h) with that list. The image
 * says that the lookup is the only layer, so that every decision is counted there. Ends the program where it cannot.
 */
void bench_guard_load(const struct km_pins *pins, const struct bench_list *list, bool cold, struct bench_guard *guard);
void bench_guard_close(struct bench_guard *guard);

#endif
