/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A host of its own for one peer: a network namespace and a cgroup, reached through a veth from the namespace of the
 * bench. No rule and no program of one peer sees the packets of another.
 */
#ifndef BENCH_ARENA_H
#define BENCH_ARENA_H

#include <stdbool.h>
#include <stdint.h>

#include "context.h"

struct bench_arena {
	int ns;		      /* network namespace */
	const char *what;     /* stands there */
	char cgroup[512];     /* directory */
	uint32_t address;     /* the host's, a number */
	unsigned ifindex;     /* of its device, "eth0" */
	unsigned char mac[6]; /* of that device */
	char device[16];      /* our end of the veth */
};

/*
 * How many programs of others are asked about packets in every arena as well, because they are attached to the root of
 * the cgroups: their time is in all figures but those of nft and ipset.
 */
unsigned bench_strangers(const struct bench_context *context);

/*
 * Makes it; `what` has to be unique, and short. What the host sends to the rest of the world comes to our end of the
 * veth, and is taken in there only if it `answers` us: else nobody is at that address of the wire. Ends the program
 * where it cannot, as all here.
 */
void bench_arena_open(const struct bench_context *context, const char *what, bool answers, struct bench_arena *arena);
void bench_arena_close(struct bench_arena *arena);

/* The process is in there from now on, or where it came from again. */
void bench_arena_enter(const struct bench_arena *arena);
void bench_arena_leave(void);

/* A socket that listens there. */
int bench_arena_listen(const struct bench_arena *arena, unsigned port);

#endif
