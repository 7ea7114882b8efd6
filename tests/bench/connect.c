/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every peer in an arena of its own with the same list of a thousand. A round takes turns in slices, there and back, so
 * that each of two arenas without a guard, and all others, get the same share of what disturbs the machine. A rate is
 * the inverse of the CPU time that client and server need. Beside it, from rounds of their own because keeping these
 * books costs time as well: what the kernel says (bpf_stats) the guard's programs ran for each connection or request.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "arena.h"
#include "compare.h"
#include "connect.h"
#include "context.h"
#include "error.h"
#include "instance.h"
#include "kernel/pins.h"
#include "list.h"
#include "measure.h"
#include "peer.h"
#include "run.h"
#include "traffic.h"

#define PREFIXES 1000
#define SLICES 10
#define CONNECTIONS 200 /* a slice */
#define REQUESTS 1000

/* NONE is the mean of the two that stand for it. */
enum subject { NONE, NONE_FIRST, NONE_SECOND, BOTH, LOOKUP, NFT, IPSET, TRIE, SUBJECTS };
enum kind { CONNECT, REQUEST, KINDS };

static const char *const subject_name[SUBJECTS] = {"none",     "c-none", "c-none2", "c-both",
						   "c-lookup", "c-nft",	 "c-ipset", "c-lpm"};

/* A rate against another is the time of the other against its own. */
#define RATES(id)                                                                        \
	{                                                                                \
		{id ".both.vs_none", NULL, "no guard", NONE, BOTH},                      \
			{id ".lookup.vs_none", NULL, "no guard", NONE, LOOKUP},          \
			{id ".both.vs_nft", NULL, "nft", NFT, BOTH},                     \
			{id ".both.vs_ipset", NULL, "ipset", IPSET, BOTH},               \
			{id ".both.vs_lpm", NULL, "LPM trie", TRIE, BOTH},               \
			{id ".nft.vs_none", NULL, "no guard", NONE, NFT},                \
			{id ".ipset.vs_none", NULL, "no guard", NONE, IPSET},            \
			{id ".lpm.vs_none", NULL, "no guard", NONE, TRIE},               \
			{id ".none.vs_none", NULL, "no guard", NONE_FIRST, NONE_SECOND}, \
			{id ".none.ns", "ns", NULL, NONE, BENCH_NOTHING},                \
	}
static const struct bench_comparison comparisons[KINDS][10] = {RATES("connect.rate"), RATES("flow.requests")};
#define COMPARISONS (sizeof(*comparisons) / sizeof(**comparisons))

struct stage {
	bool needed[KINDS][SUBJECTS];
	struct bench_arena arena[SUBJECTS];
	struct bench_server server[SUBJECTS];
	struct bench_instance guard[SUBJECTS];
	struct bench_list list;
	struct km_ip sources[CONNECTIONS];
	bench_figures figures[KINDS][SUBJECTS];
};

static bool is_needed(const struct stage *stage, enum subject subject)
{
	return stage->needed[CONNECT][subject] || stage->needed[REQUEST][subject];
}

/* False: nothing to do. */
static bool plan(struct stage *stage)
{
	bool any = false;

	for (unsigned kind = 0; kind < KINDS; kind++) {
		bool *needed = stage->needed[kind];

		any |= bench_needs(comparisons[kind], COMPARISONS, needed);
		needed[NONE_FIRST] |= needed[NONE];
		needed[NONE_SECOND] |= needed[NONE];
		needed[NONE] = false;
	}
	return any;
}

static void set_up(const struct bench_context *context, struct stage *stage)
{
	bench_list_make(&stage->list, BENCH_V4, PREFIXES, 6);
	for (unsigned i = 0; i < SUBJECTS; i++) {
		struct bench_arena *arena = &stage->arena[i];

		if (!is_needed(stage, i))
			continue;
		bench_arena_open(context, subject_name[i], true, arena);
		if (i == BOTH || i == LOOKUP)
			bench_guard(context, arena, &stage->list, i == BOTH ? "lookup, packet" : "lookup",
				    &stage->guard[i]);
		else if (i == NFT)
			bench_nft(context, arena, &stage->list);
		else if (i == IPSET)
			bench_ipset(context, arena, &stage->list);
		else if (i == TRIE)
			bench_trie(arena, &stage->list);
		bench_server_start(arena, BENCH_PORT, &stage->server[i]);
	}
}

static void tear_down(struct stage *stage)
{
	for (unsigned i = 0; i < SUBJECTS; i++) {
		if (!is_needed(stage, i))
			continue;
		bench_server_stop(&stage->server[i]);
		if (i == BOTH || i == LOOKUP)
			bench_unguard(&stage->arena[i], &stage->guard[i]);
		bench_arena_close(&stage->arena[i]);
	}
	bench_list_free(&stage->list);
}

/* A slice, from sources that nobody has asked about yet. */
static double ask(struct stage *stage, enum kind kind, enum subject subject)
{
	if (kind == REQUEST)
		return bench_requests(&stage->server[subject], stage->sources[0], REQUESTS);
	return bench_connects(&stage->server[subject], stage->sources, CONNECTIONS);
}

static void choose_sources(struct stage *stage)
{
	for (unsigned i = 0; i < CONNECTIONS; i++)
		stage->sources[i] = bench_list_source(&stage->list, true);
}

static void measure_round(struct stage *stage, unsigned round)
{
	for (unsigned slice = 0; slice < SLICES; slice++) {
		choose_sources(stage);
		for (unsigned n = 0; n < KINDS * SUBJECTS; n++) {
			unsigned turn = slice & 1 ? KINDS * SUBJECTS - 1 - n : n;
			unsigned kind = turn / SUBJECTS, subject = turn % SUBJECTS;

			if (stage->needed[kind][subject])
				stage->figures[kind][subject][round] += ask(stage, kind, subject) / SLICES;
		}
	}
	for (unsigned kind = 0; kind < KINDS; kind++) {
		bench_figures *figures = stage->figures[kind];

		figures[NONE][round] = (figures[NONE_FIRST][round] + figures[NONE_SECOND][round]) / 2;
	}
}

/* What the guard's programs have run so far, in ns. */
static uint64_t run_time(const struct bench_instance *guard)
{
	static const char *const programs[] = {KM_PIN_LOOKUP_PROG, KM_PIN_PACKET_PROG};
	struct km_err why = {""};
	struct km_pins pins;
	uint64_t total = 0;

	if (km_pins_open("/sys/fs/bpf", guard->name, false, &pins, &why))
		errx(1, "%s", why.text);
	for (unsigned i = 0; i < 2; i++) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int fd = km_pins_get(&pins, programs[i], &why);

		if (fd == -ENOENT)
			continue;
		if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
			errx(1, "%s of %s", programs[i], guard->name);
		total += info.run_time_ns;
		close(fd);
	}
	km_pins_close(&pins);
	return total;
}

static void ask_kernel(struct stage *stage, enum kind kind, enum subject subject, const char *id)
{
	double ns[BENCH_ROUNDS];
	int books;

	if (!stage->needed[kind][subject] || !bench_wanted(id))
		return;
	books = bpf_enable_stats(BPF_STATS_RUN_TIME);
	if (books < 0)
		err(1, "bpf_stats");
	for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
		uint64_t before = run_time(&stage->guard[subject]);

		choose_sources(stage);
		ask(stage, kind, subject);
		ns[round] = (double)(run_time(&stage->guard[subject]) - before) /
			    (kind == CONNECT ? CONNECTIONS : REQUESTS);
	}
	close(books);
	bench_beside(id, bench_median(ns, BENCH_ROUNDS));
}

void bench_connect(const struct bench_context *context)
{
	static struct stage stage;

	if (!plan(&stage))
		return;
	bench_traffic_prepare();
	set_up(context, &stage);
	for (unsigned round = 0; round < BENCH_PAIRED_ROUNDS; round++)
		measure_round(&stage, round);
	for (unsigned kind = 0; kind < KINDS; kind++)
		bench_conclude(comparisons[kind], COMPARISONS, stage.figures[kind], BENCH_PAIRED_ROUNDS);
	ask_kernel(&stage, CONNECT, BOTH, "connect.rate.both.vs_none");
	ask_kernel(&stage, CONNECT, LOOKUP, "connect.rate.lookup.vs_none");
	ask_kernel(&stage, REQUEST, BOTH, "flow.requests.both.vs_none");
	ask_kernel(&stage, REQUEST, LOOKUP, "flow.requests.lookup.vs_none");
	tear_down(&stage);
}
