/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every peer in an arena of its own with the same list of a million, and SYNs from BENCH_SOURCES sources that are not
 * in it. What it costs to make the frames is measured in the same round, by throwing them away at once, and subtracted.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "arena.h"
#include "compare.h"
#include "context.h"
#include "inject.h"
#include "instance.h"
#include "list.h"
#include "measure.h"
#include "peer.h"
#include "policy/addr.h"
#include "run.h"
#include "source.h"
#include "syn.h"

#define PREFIXES 1000000

enum subject { PACKET, RESET, NFT_DROP, NFT_REJECT, IPSET, TRIE, CLOSED, SUBJECTS };
enum place { GUARD, NFT, SET, LPM, NONE, PLACES };

static const struct {
	enum place place;
	unsigned port;
} asked[SUBJECTS] = {
	[PACKET] = {GUARD, BENCH_PORT},		[RESET] = {GUARD, BENCH_RESET_PORT}, [NFT_DROP] = {NFT, BENCH_PORT},
	[NFT_REJECT] = {NFT, BENCH_RESET_PORT}, [IPSET] = {SET, BENCH_PORT},	     [TRIE] = {LPM, BENCH_PORT},
	[CLOSED] = {NONE, BENCH_OTHER_PORT},
};

static const char *const place_name[PLACES] = {"guard", "nft", "ipset", "lpm", "none"};

static const struct bench_comparison comparisons[] = {
	{"syn.denied.packet.1m.vs_nft", NULL, "nft, drop", PACKET, NFT_DROP},
	{"syn.denied.packet.1m.vs_ipset", NULL, "ipset, drop", PACKET, IPSET},
	{"syn.denied.packet.1m.vs_lpm", NULL, "LPM trie", PACKET, TRIE},
	{"syn.denied.reset.1m.vs_nft_drop", NULL, "nft, drop", RESET, NFT_DROP},
	{"syn.denied.reset.1m.vs_nft_reject", NULL, "nft, reject", RESET, NFT_REJECT},
	{"syn.denied.reset.1m.vs_closed", NULL, "closed port", RESET, CLOSED},
	{"syn.denied.packet.1m.ns", "ns", NULL, PACKET, BENCH_NOTHING},
	{"syn.denied.reset.1m.ns", "ns", NULL, RESET, BENCH_NOTHING},
	{"syn.denied.nft_drop.1m.ns", "ns", NULL, NFT_DROP, BENCH_NOTHING},
	{"syn.denied.nft_reject.1m.ns", "ns", NULL, NFT_REJECT, BENCH_NOTHING},
	{"syn.denied.ipset.1m.ns", "ns", NULL, IPSET, BENCH_NOTHING},
	{"syn.denied.lpm.1m.ns", "ns", NULL, TRIE, BENCH_NOTHING},
	{"syn.denied.closed.ns", "ns", NULL, CLOSED, BENCH_NOTHING},
};
#define COMPARISONS (sizeof(comparisons) / sizeof(*comparisons))

struct stage {
	struct bench_arena arena[PLACES];
	int listener[PLACES];
	bool used[PLACES];
	struct bench_instance guard;
};

static void set_up(const struct bench_context *context, const struct bench_list *list, struct stage *stage)
{
	for (unsigned i = 0; i < PLACES; i++) {
		if (!stage->used[i])
			continue;
		bench_arena_open(context, place_name[i], false, &stage->arena[i]);
		stage->listener[i] = bench_arena_listen(&stage->arena[i], BENCH_PORT);
	}
	if (stage->used[GUARD])
		bench_guard(context, &stage->arena[GUARD], list, "lookup, packet", &stage->guard);
	if (stage->used[NFT])
		bench_nft(context, &stage->arena[NFT], list);
	if (stage->used[SET])
		bench_ipset(context, &stage->arena[SET], list);
	if (stage->used[LPM])
		bench_trie(&stage->arena[LPM], list);
}

static void tear_down(struct stage *stage)
{
	if (stage->used[GUARD])
		bench_unguard(&stage->arena[GUARD], &stage->guard);
	for (unsigned i = 0; i < PLACES; i++) {
		if (!stage->used[i])
			continue;
		close(stage->listener[i]);
		bench_arena_close(&stage->arena[i]);
	}
}

static void choose_sources(struct bench_list *list, struct bench_injector *injector)
{
	uint32_t(*sources)[4] = calloc(BENCH_SOURCES, sizeof(*sources));

	if (!sources)
		err(1, "sources");
	for (unsigned i = 0; i < BENCH_SOURCES; i++)
		km_ip_to_bytes(list->family, bench_list_source(list, false), sources[i]);
	bench_injector_open(sources, injector);
	free(sources);
}

static double ask(const struct stage *stage, const struct bench_injector *injector, enum subject subject)
{
	const struct bench_arena *arena = &stage->arena[asked[subject].place];
	double with, without;

	bench_arena_enter(arena);
	without = bench_inject(injector, arena, asked[subject].port, false, BENCH_SOURCES);
	with = bench_inject(injector, arena, asked[subject].port, true, BENCH_SOURCES);
	bench_arena_leave();
	return with - without;
}

void bench_syn(const struct bench_context *context)
{
	static bench_figures figures[SUBJECTS];
	bool needed[SUBJECTS] = {false};
	struct bench_injector injector;
	struct stage stage = {0};
	struct bench_list list;

	if (!bench_needs(comparisons, COMPARISONS, needed))
		return;
	for (unsigned i = 0; i < SUBJECTS; i++)
		if (needed[i])
			stage.used[asked[i].place] = true;
	bench_list_make(&list, BENCH_V4, PREFIXES, 3);
	choose_sources(&list, &injector);
	set_up(context, &list, &stage);
	for (unsigned round = 0; round < BENCH_ROUNDS; round++) {
		for (unsigned i = 0; i < SUBJECTS; i++) {
			unsigned subject = round & 1 ? SUBJECTS - 1 - i : i;

			if (needed[subject])
				figures[subject][round] = ask(&stage, &injector, subject);
		}
	}
	bench_conclude(comparisons, COMPARISONS, figures, BENCH_ROUNDS);
	tear_down(&stage);
	bench_injector_close(&injector);
	bench_list_free(&list);
}
