/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Client and server, two processes on one processor: what they and the kernel do for them is the CPU time of the two. A
 * kernel with CONFIG_IRQ_TIME_ACCOUNTING keeps the network's part of it from them: there these figures say nothing.
 */
#ifndef BENCH_TRAFFIC_H
#define BENCH_TRAFFIC_H

#include <sys/types.h>
#include <time.h>

#include "arena.h"
#include "kubemoat.h"

struct bench_server {
	pid_t pid;
	clockid_t clock; /* its CPU time */
	unsigned port;
	const struct bench_arena *arena;
};

/* Stays on one processor from now on, with all children, and may be reached under every address. Once. */
void bench_traffic_prepare(void);

/* Serves that port in the arena until it is stopped. Ends the program where it cannot, as all here. */
void bench_server_start(const struct bench_arena *arena, unsigned port, struct bench_server *server);
void bench_server_stop(struct bench_server *server);

/* `count` connections, each from another of these sources: connect, a request, its answer, close. CPU time for each in
 * ns. */
double bench_connects(const struct bench_server *server, const struct km_ip *sources, unsigned count);

/* `count` requests and their answers on one connection. CPU time for each in ns. */
double bench_requests(const struct bench_server *server, struct km_ip source, unsigned count);

#endif
