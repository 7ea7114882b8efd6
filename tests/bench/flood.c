/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A thread on each processor sends SYNs that are dropped, on BENCH_PORT, and then that are refused, on
 * BENCH_RESET_PORT, as fast as they go. What the guard's counters have grown by is held against what was sent.
 */
#include <err.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "arena.h"
#include "command.h"
#include "context.h"
#include "error.h"
#include "flood.h"
#include "inject.h"
#include "instance.h"
#include "kernel/pins.h"
#include "kernel/read.h"
#include "kubemoat.h"
#include "list.h"
#include "measure.h"
#include "peer.h"
#include "policy/addr.h"
#include "run.h"
#include "source.h"

#define UNCOUNTED "deny.flood.uncounted"
#define DROPPED "deny.flood.dropped_per_second"
#define REFUSED "deny.flood.refused_per_second"

#define PREFIXES 1000
#define SENDERS_MAX 64

struct sender {
	pthread_t thread;
	unsigned cpu, port;
	const struct bench_arena *arena;
	struct bench_injector injector;
};

/* Threads are where the one is that started them: in the arena. */
static void *send_all(void *argument)
{
	struct sender *sender = argument;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sender->cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "processor %u", sender->cpu);
	bench_inject(&sender->injector, sender->arena, sender->port, true, BENCH_SOURCES);
	return NULL;
}

/* Refusals of the guard's instance so far. */
static uint64_t counted(const struct bench_instance *guard)
{
	struct km_counters sums[KM_SLOTS];
	struct km_err why = {""};
	struct km_pins pins;
	uint64_t total = 0;

	if (km_pins_open("/sys/fs/bpf", guard->name, false, &pins, &why) || km_read_counters(&pins, sums, &why))
		errx(1, "%s", why.text);
	km_pins_close(&pins);
	for (unsigned slot = 0; slot < KM_SLOTS; slot++)
		total += sums[slot].count[KM_DENY][KM_DENIED_SOURCE];
	return total;
}

/* All at once to that port; *per_second is what they got rid of in all. What was sent but not counted. */
static double flood(struct sender *senders, unsigned count, unsigned port, const struct bench_instance *guard,
		    double *per_second)
{
	uint64_t sent = (uint64_t)count * BENCH_SOURCES, before = counted(guard);
	double start = bench_now_ms();

	for (unsigned i = 0; i < count; i++) {
		senders[i].port = port;
		if (pthread_create(&senders[i].thread, NULL, send_all, &senders[i]))
			errx(1, "no thread");
	}
	for (unsigned i = 0; i < count; i++)
		pthread_join(senders[i].thread, NULL);
	*per_second = sent / (bench_now_ms() - start) * 1000;
	return (double)sent - (double)(counted(guard) - before);
}

static void measure(struct sender *senders, unsigned count, const struct bench_instance *guard)
{
	struct bench_measure *uncounted = bench_measure(UNCOUNTED, "SYNs", "SYNs sent", BENCH_ROUNDS);
	struct bench_measure *dropped = bench_measure(DROPPED, "SYNs/s", NULL, BENCH_ROUNDS);
	struct bench_measure *refused = bench_measure(REFUSED, "SYNs/s", NULL, BENCH_ROUNDS);

	for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
		double silent = flood(senders, count, BENCH_PORT, guard, &dropped->value[round]);
		double loud = flood(senders, count, BENCH_RESET_PORT, guard, &refused->value[round]);

		uncounted->value[round] = fabs(silent) + fabs(loud);
	}
}

void bench_flood(const struct bench_context *context)
{
	static struct sender senders[SENDERS_MAX];
	unsigned count = get_nprocs() < SENDERS_MAX ? get_nprocs() : SENDERS_MAX;
	uint32_t(*sources)[4] = calloc(BENCH_SOURCES, sizeof(*sources));
	struct bench_instance guard;
	struct bench_arena arena;
	struct bench_list list;
	int listener;

	if (!bench_wanted(UNCOUNTED) && !bench_wanted(DROPPED) && !bench_wanted(REFUSED))
		return;
	if (!sources)
		err(1, "sources");
	bench_list_make(&list, BENCH_V4, PREFIXES, 4);
	bench_arena_open(context, "flood", false, &arena);
	listener = bench_arena_listen(&arena, BENCH_PORT);
	bench_guard(context, &arena, &list, "lookup, packet", &guard);
	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < BENCH_SOURCES; j++)
			km_ip_to_bytes(list.family, bench_list_source(&list, false), sources[j]);
		senders[i] = (struct sender){.cpu = i, .arena = &arena};
		bench_injector_open(sources, &senders[i].injector);
	}
	bench_arena_enter(&arena);
	measure(senders, count, &guard);
	bench_arena_leave();
	for (unsigned i = 0; i < count; i++)
		bench_injector_close(&senders[i].injector);
	bench_unguard(&arena, &guard);
	close(listener);
	bench_arena_close(&arena);
	bench_list_free(&list);
	free(sources);
}
