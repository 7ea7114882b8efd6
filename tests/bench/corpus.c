/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "corpus.h"
#include "guard.h"
#include "kernel/pins.h"
#include "kubemoat.h"
#include "list.h"
#include "measure.h"
#include "policy/addr.h"
#include "run.h"
#include "source.h"
#include "tests/bench/peers.skel.h"

#define HOT_REPEAT 50000
#define COLD_PASSES 5

/* Judges: its verdict is the list's; else everything passes. */
static const struct {
	enum bench_hook hook;
	unsigned port;
	bool cold, judges;
} kinds[BENCH_SUBJECTS] = {
	[BENCH_LOOKUP_NOOP] = {BENCH_LOOKUP, BENCH_PORT},
	[BENCH_LOOKUP_GUARD] = {BENCH_LOOKUP, BENCH_PORT, .judges = true},
	[BENCH_LOOKUP_ALONE] = {BENCH_LOOKUP, BENCH_PORT, .judges = true},
	[BENCH_LOOKUP_TRIE] = {BENCH_LOOKUP, BENCH_PORT, .judges = true},
	[BENCH_LOOKUP_UNGUARDED] = {BENCH_LOOKUP, BENCH_OTHER_PORT},
	[BENCH_PACKET_NOOP] = {BENCH_PACKET, BENCH_PORT},
	[BENCH_PACKET_GUARD] = {BENCH_PACKET, BENCH_PORT, .judges = true},
	[BENCH_PACKET_UNGUARDED] = {BENCH_PACKET, BENCH_PORT},
	[BENCH_COLD_NOOP] = {BENCH_LOOKUP, BENCH_PORT, .cold = true},
	[BENCH_COLD_GUARD] = {BENCH_LOOKUP, BENCH_PORT, .cold = true, .judges = true},
	[BENCH_COLD_ALONE] = {BENCH_LOOKUP, BENCH_PORT, .cold = true, .judges = true},
	[BENCH_COLD_TRIE] = {BENCH_LOOKUP, BENCH_PORT, .cold = true, .judges = true},
};

static int program(const struct bench_corpus *corpus, enum bench_subject subject, int source)
{
	switch (subject) {
	case BENCH_LOOKUP_NOOP:
		return bpf_program__fd(corpus->peers->progs.bench_lookup_noop);
	case BENCH_LOOKUP_GUARD:
	case BENCH_LOOKUP_UNGUARDED:
		return corpus->both[source % BENCH_LOADS].object.lookup_prog;
	case BENCH_LOOKUP_ALONE:
		return corpus->alone.object.lookup_prog;
	case BENCH_LOOKUP_TRIE:
		return bpf_program__fd(corpus->peers->progs.bench_lookup_trie);
	case BENCH_PACKET_NOOP:
		return bpf_program__fd(corpus->peers->progs.bench_packet_noop);
	case BENCH_PACKET_GUARD:
		return corpus->both[source % BENCH_LOADS].object.packet_prog;
	case BENCH_PACKET_UNGUARDED:
		return corpus->one_port.object.packet_prog;
	case BENCH_COLD_NOOP:
		return bpf_program__fd(corpus->peers->progs.bench_lookup_noop_cold);
	case BENCH_COLD_GUARD:
		return corpus->cold.lookup;
	case BENCH_COLD_ALONE:
		return corpus->cold_alone.lookup;
	case BENCH_COLD_TRIE:
		return bpf_program__fd(corpus->peers->progs.bench_lookup_trie_cold);
	case BENCH_SUBJECTS:
		break;
	}
	return -1;
}

static void choose_sources(struct bench_corpus *corpus)
{
	for (int answer = 0; answer < BENCH_ANSWERS; answer++) {
		for (int i = 0; i < BENCH_HOT_SOURCES; i++)
			corpus->hot[answer][i] = bench_list_source(&corpus->list, answer == BENCH_ALLOW);
		if (!corpus->needed[BENCH_COLD_NOOP] && !corpus->needed[BENCH_COLD_GUARD])
			continue;
		corpus->sources[answer] = calloc(BENCH_SOURCES, sizeof(*corpus->sources[answer]));
		if (!corpus->sources[answer])
			err(1, "sources");
		for (unsigned i = 0; i < BENCH_SOURCES; i++)
			km_ip_to_bytes(corpus->list.family, bench_list_source(&corpus->list, answer == BENCH_ALLOW),
				       corpus->sources[answer][i]);
	}
}

static void load_peers(struct bench_corpus *corpus)
{
	struct peers_bpf *peers = peers_bpf__open();

	if (!peers)
		err(1, "peers");
	bpf_map__set_max_entries(peers->maps.trie4, corpus->prefixes);
	bpf_map__set_max_entries(peers->maps.trie6, corpus->prefixes);
	if (peers_bpf__load(peers))
		err(1, "peers");
	corpus->peers = peers;
	if (corpus->needed[BENCH_LOOKUP_TRIE] || corpus->needed[BENCH_COLD_TRIE])
		bench_list_fill_trie(&corpus->list,
				     bpf_map__fd(corpus->list.family == KM_V4 ? peers->maps.trie4 : peers->maps.trie6));
}

bool bench_corpus_load(struct bench_corpus *corpus, const struct km_pins *pins)
{
	bench_list_make(&corpus->list, corpus->shape, corpus->prefixes, 1);
	if (!bench_guard_fits(&corpus->list)) {
		warnx("no image has room for %s %s: not measured", corpus->family, corpus->size);
		bench_list_free(&corpus->list);
		return false;
	}
	choose_sources(corpus);
	load_peers(corpus);
	for (int i = 0; i < BENCH_LOADS; i++)
		bench_guard_load(pins, &corpus->list, 0, &corpus->both[i]);
	if (corpus->needed[BENCH_LOOKUP_ALONE])
		bench_guard_load(pins, &corpus->list, BENCH_ALONE, &corpus->alone);
	if (corpus->needed[BENCH_PACKET_UNGUARDED])
		bench_guard_load(pins, &corpus->list, BENCH_ONE_PORT, &corpus->one_port);
	if (corpus->needed[BENCH_COLD_GUARD])
		bench_cold_load(&corpus->list, 0, &corpus->cold);
	if (corpus->needed[BENCH_COLD_ALONE])
		bench_cold_load(&corpus->list, BENCH_ALONE, &corpus->cold_alone);
	return true;
}

void bench_corpus_close(struct bench_corpus *corpus)
{
	for (int i = 0; i < BENCH_LOADS; i++)
		bench_guard_close(&corpus->both[i]);
	if (corpus->needed[BENCH_LOOKUP_ALONE])
		bench_guard_close(&corpus->alone);
	if (corpus->needed[BENCH_PACKET_UNGUARDED])
		bench_guard_close(&corpus->one_port);
	bench_cold_close(&corpus->cold);
	bench_cold_close(&corpus->cold_alone);
	peers_bpf__destroy(corpus->peers);
	for (int answer = 0; answer < BENCH_ANSWERS; answer++)
		free(corpus->sources[answer]);
	bench_list_free(&corpus->list);
}

static void check(const struct bench_corpus *corpus, enum bench_subject subject, enum bench_answer answer, unsigned got)
{
	unsigned want = kinds[subject].judges ? answer == BENCH_ALLOW : 1;

	if (got != want)
		errx(1, "%s %s, %s: subject %d answered %u, not %u", corpus->family, corpus->size,
		     answer == BENCH_ALLOW ? "a listed source" : "a source not listed", subject, got, want);
}

/*
 * All sources in a row, some times: the first time brings into the cache that processors share what stays there, and
 * the fastest of the others is the one of which neighbours have evicted least meanwhile.
 */
static double ask_cold(struct bench_corpus *corpus, enum bench_subject subject, enum bench_answer answer,
		       unsigned ifindex)
{
	struct bench_table *table = subject == BENCH_COLD_GUARD	  ? corpus->cold.table
				    : subject == BENCH_COLD_ALONE ? corpus->cold_alone.table
								  : &corpus->peers->bss->bench_table;
	enum km_family family = corpus->list.family;
	double ns = 0, best = 0;
	unsigned got;

	memcpy(table->address, corpus->sources[answer], sizeof(table->address));
	table->next = 0;
	for (int pass = 0; pass < COLD_PASSES; pass++) {
		ns = bench_run(program(corpus, subject, 0), kinds[subject].hook, family, bench_own(family),
			       kinds[subject].port, ifindex, BENCH_SOURCES, &got);
		check(corpus, subject, answer, got);
		if (pass == 1 || (pass && ns < best))
			best = ns;
	}
	if (table->next != COLD_PASSES * BENCH_SOURCES)
		errx(1, "%s %s: subject %d took %u sources of %u", corpus->family, corpus->size, subject, table->next,
		     COLD_PASSES * BENCH_SOURCES);
	return best;
}

double bench_corpus_ask(struct bench_corpus *corpus, enum bench_subject subject, enum bench_answer answer,
			unsigned ifindex)
{
	double ns[BENCH_HOT_SOURCES];
	unsigned got;

	if (kinds[subject].cold)
		return ask_cold(corpus, subject, answer, ifindex);
	for (int i = 0; i < BENCH_HOT_SOURCES; i++) {
		ns[i] = bench_run(program(corpus, subject, i), kinds[subject].hook, corpus->list.family,
				  corpus->hot[answer][i], kinds[subject].port, ifindex, HOT_REPEAT, &got);
		check(corpus, subject, answer, got);
	}
	return bench_median(ns, BENCH_HOT_SOURCES);
}
