/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two lists of one size in turn: the file of one takes the place of the other's, and the command is timed that puts it
 * in force. The guard's file has exceptions besides, which the peers do not know. With a million prefixes the peers
 * take many seconds, so each of them is asked only once, and every ratio of that size is to that one figure.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "arena.h"
#include "command.h"
#include "compare.h"
#include "context.h"
#include "instance.h"
#include "list.h"
#include "measure.h"
#include "peer.h"
#include "policy/addr.h"
#include "reload.h"

#define LISTS 2
#define LARGEST 3 /* of sizes */

/* The peaks are what the guard's command had in memory meanwhile: figures of its own, no contenders. */
enum subject { GUARD, GUARD_V6, NFT, IPSET, CONTENDERS, GUARD_PEAK = CONTENDERS, GUARD_V6_PEAK, SUBJECTS };

static const char *const contender_name[CONTENDERS] = {"v4", "v6", "nft", "ipset"};

static const struct size {
	size_t prefixes;
	const char *name;
	struct bench_comparison comparisons[6];
} sizes[] = {
#define SIZE(prefixes, name)                                                                    \
	{                                                                                       \
		prefixes, name,                                                                 \
			{                                                                       \
				{"reload.v4." name ".ms", "ms", NULL, GUARD, BENCH_NOTHING},    \
				{"reload.v6." name ".ms", "ms", NULL, GUARD_V6, BENCH_NOTHING}, \
				{"reload.nft." name ".ms", "ms", NULL, NFT, BENCH_NOTHING},     \
				{"reload.ipset." name ".ms", "ms", NULL, IPSET, BENCH_NOTHING}, \
				{"reload.v4." name ".vs_nft", NULL, "nft", GUARD, NFT},         \
				{"reload.v4." name ".vs_ipset", NULL, "ipset", GUARD, IPSET},   \
			},                                                                      \
	}
	SIZE(10, "10"),
	SIZE(1000, "1k"),
	SIZE(100000, "100k"),
	SIZE(1000000, "1m"),
#undef SIZE
};
#define SIZES (sizeof(sizes) / sizeof(*sizes))
#define COMPARISONS (sizeof(sizes->comparisons) / sizeof(*sizes->comparisons))

/* Of the largest size alone: a smaller one leaves a peak that is lost in what the bench itself has in memory. */
static const struct bench_comparison peaks[] = {
	{"reload.v4.1m.peak_mib", "MiB", NULL, GUARD_PEAK, BENCH_NOTHING},
	{"reload.v6.1m.peak_mib", "MiB", NULL, GUARD_V6_PEAK, BENCH_NOTHING},
};
#define PEAKS (sizeof(peaks) / sizeof(*peaks))

static const char config[] = "version: 1\n"
			     "mode: enforce\n"
			     "services:\n"
			     "  bench: {ports: [6443]}\n";

/* One subject with its two files. */
struct contender {
	enum subject subject;
	char name[32];
	struct bench_arena arena;
	struct bench_instance guard;
	char file[LISTS][128];
	char source[LISTS][KM_ADDR_TEXT]; /* in the one list, not in the other */
};

static bool is_guard(const struct contender *c)
{
	return c->subject == GUARD || c->subject == GUARD_V6;
}

static void write_lists(const struct bench_context *context, struct contender *c, size_t prefixes)
{
	for (int i = 0; i < LISTS; i++) {
		struct bench_list list;

		snprintf(c->file[i], sizeof(c->file[i]), "%s/%s-%d", context->dir, c->name, i);
		bench_list_make(&list, c->subject == GUARD_V6 ? BENCH_V6 : BENCH_V4, prefixes, 100 + i);
		switch (c->subject) {
		case NFT:
			bench_nft_write(&list, c->file[i]);
			break;
		case IPSET:
			bench_ipset_write(&list, c->file[i]);
			break;
		default:
			bench_list_write(&list, c->file[i], true);
		}
		km_ip_format(list.family, bench_list_source(&list, true), c->source[i]);
		bench_list_free(&list);
	}
}

/* The list takes the place of the one before, as a writer that is careful would do it. */
static void exchange(const struct contender *c, int list)
{
	char beside[128], to[128];

	bench_instance_file(&c->guard, "bench.new", beside);
	if (link(c->file[list], beside) || rename(beside, bench_instance_file(&c->guard, BENCH_ALLOWLIST, to)))
		err(1, "%s", to);
}

static void set_up(const struct bench_context *context, const struct size *size, struct contender *c)
{
	snprintf(c->name, sizeof(c->name), "r-%s-%s", contender_name[c->subject], size->name);
	write_lists(context, c, size->prefixes);
	bench_arena_open(context, c->name, false, &c->arena);
	switch (c->subject) {
	case NFT:
		bench_nft_setup(&c->arena);
		break;
	case IPSET:
		bench_ipset_setup(&c->arena);
		break;
	default:
		bench_instance_open(context, c->name, c->arena.cgroup, config, &c->guard);
		exchange(c, 1);
		bench_arena_enter(&c->arena);
		bench_instance_run(&c->guard, "load", NULL, NULL);
		bench_arena_leave();
	}
}

static void tear_down(struct contender *c)
{
	if (is_guard(c))
		bench_unguard(&c->arena, &c->guard);
	for (int i = 0; i < LISTS; i++)
		unlink(c->file[i]);
	bench_arena_close(&c->arena);
}

/* Time in ms to put that list in force; *peak is what the guard's command had in memory. */
static double ask(struct contender *c, int list, double *peak)
{
	const char *peer = c->subject == NFT ? "nft -f" : "ipset -exist restore -file";
	double start, took;

	if (is_guard(c))
		exchange(c, list);
	bench_arena_enter(&c->arena);
	start = bench_now_ms();
	if (!is_guard(c))
		bench_shell("exec %s %s", peer, c->file[list]);
	else if (bench_wait_peak(bench_instance_start(&c->guard, "reload", NULL, NULL), peak))
		errx(1, "kubemoat reload failed\n%s", bench_complaints());
	took = bench_now_ms() - start;
	if (is_guard(c))
		bench_instance_run(&c->guard, "explain", "bench", c->source[list]);
	bench_arena_leave();
	return took;
}

static bool asked_once(const struct size *size, enum subject subject)
{
	return size == &sizes[LARGEST] && (subject == NFT || subject == IPSET);
}

static void measure(const struct bench_context *context, const struct size *size)
{
	static bench_figures figures[SUBJECTS];
	static struct contender contenders[CONTENDERS];
	bool needed[SUBJECTS] = {false};
	unsigned peak_count = size == &sizes[LARGEST] ? PEAKS : 0;
	bool any = bench_needs(size->comparisons, COMPARISONS, needed);

	if (!bench_needs(peaks, peak_count, needed) && !any)
		return;
	needed[GUARD] |= needed[GUARD_PEAK];
	needed[GUARD_V6] |= needed[GUARD_V6_PEAK];
	for (unsigned i = 0; i < CONTENDERS; i++) {
		contenders[i] = (struct contender){.subject = i};
		if (needed[i])
			set_up(context, size, &contenders[i]);
	}
	for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
		for (unsigned i = 0; i < CONTENDERS; i++) {
			double *peak = i == GUARD_V6 ? figures[GUARD_V6_PEAK] : figures[GUARD_PEAK];

			if (!needed[i])
				continue;
			if (round && asked_once(size, i))
				figures[i][round] = figures[i][0];
			else
				figures[i][round] = ask(&contenders[i], round % LISTS, &peak[round]);
		}
	}
	for (unsigned i = 0; i < COMPARISONS; i++)
		bench_conclude(&size->comparisons[i], 1, figures,
			       asked_once(size, size->comparisons[i].subject) ? 1 : BENCH_ROUNDS);
	bench_conclude(peaks, peak_count, figures, BENCH_ROUNDS);
	for (unsigned i = 0; i < CONTENDERS; i++)
		if (needed[i])
			tear_down(&contenders[i]);
}

void bench_reload(const struct bench_context *context)
{
	for (unsigned i = 0; i < SIZES; i++)
		measure(context, &sizes[i]);
}
