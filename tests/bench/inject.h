/* SPDX-License-Identifier: BSD-2-Clause */
/* SYNs from many sources, handed to the network stack of an arena as the driver of a device does it. */
#ifndef BENCH_INJECT_H
#define BENCH_INJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "arena.h"

struct bench_injector {
	struct inject_bpf *programs;
};

/* `sources`: BENCH_SOURCES of them, as in struct bench_table. Ends the program where it cannot, as all here. */
void bench_injector_open(uint32_t (*sources)[4], struct bench_injector *injector);
void bench_injector_close(struct bench_injector *injector);

/*
 * Sends `count` SYNs to that port, in the arena's network namespace, where the caller has to be. `received`: else they
 * are thrown away before the network stack sees them. CPU time for each of them in ns: all that is done in this thread
 * until they are dropped or answered.
 */
double bench_inject(const struct bench_injector *injector, const struct bench_arena *arena, unsigned port,
		    bool received, unsigned count);

#endif
