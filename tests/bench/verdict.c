/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every subject is a program with sources to ask it about. A round asks each of them, forth and back in turn, so that
 * what disturbs the machine disturbs neighbours alike; a ratio is taken within a round. Hot: one source over and over
 * (the median of several such). Cold: BENCH_SOURCES different ones in a row, read from a table, which the program that
 * it is compared with reads too.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "guard.h"
#include "kubemoat.h"
#include "list.h"
#include "measure.h"
#include "policy/addr.h"
#include "run.h"
#include "source.h"
#include "tests/bench/peers.skel.h"
#include "verdict.h"

#define HOT_SOURCES 7 /* odd, for the median */
#define HOT_REPEAT 100000

enum { DENY, ALLOW, VERDICTS };

static const char *const family_name[] = {"v4", "v6"};
static const char *const verdict_name[] = {"deny", "allow"};

static const struct size {
	size_t count;
	const char *name;
} sizes[] = {{10, "10"}, {1000, "1k"}, {100000, "100k"}, {1000000, "1m"}};
#define SIZES (sizeof(sizes) / sizeof(*sizes))

/* What is asked about one list. */
struct corpus {
	struct bench_list list;
	struct bench_guard guard;
	struct km_ip hot[VERDICTS][HOT_SOURCES];
	uint32_t (*cold[VERDICTS])[4]; /* BENCH_SOURCES, as in struct bench_table; NULL: not asked */
};

struct subject {
	char name[BENCH_ID_MAX]; /* without the verdict */
	const struct corpus *corpus;
	const struct subject *against; /* the same hook, family and temperature */
	int prog;
	enum bench_hook hook;
	unsigned port;
	struct bench_table *table; /* NULL: hot */
	bool judges;		   /* its verdict is the list's; else everything passes */
	double ns[VERDICTS][BENCH_ROUNDS];
};

#define SUBJECTS 64

static struct subject subjects[SUBJECTS];
static unsigned subject_count;

static struct subject *add(const struct corpus *corpus, int prog, enum bench_hook hook, const struct subject *against)
{
	struct subject *s = &subjects[subject_count++];

	if (subject_count > SUBJECTS)
		errx(1, "more than %d subjects", SUBJECTS);
	*s = (struct subject){.corpus = corpus, .prog = prog, .hook = hook, .against = against, .port = BENCH_PORT};
	return s;
}

static void choose_sources(struct corpus *corpus, bool cold)
{
	for (int verdict = 0; verdict < VERDICTS; verdict++) {
		for (int i = 0; i < HOT_SOURCES; i++)
			corpus->hot[verdict][i] = bench_list_source(&corpus->list, verdict == ALLOW);
		if (!cold)
			continue;
		corpus->cold[verdict] = calloc(BENCH_SOURCES, sizeof(*corpus->cold[verdict]));
		if (!corpus->cold[verdict])
			err(1, "sources");
		for (unsigned i = 0; i < BENCH_SOURCES; i++)
			km_ip_to_bytes(corpus->list.family, bench_list_source(&corpus->list, verdict == ALLOW),
				       corpus->cold[verdict][i]);
	}
}

static void check(const struct subject *s, int verdict, unsigned got)
{
	unsigned want = s->judges ? verdict == ALLOW : 1;

	if (got != want)
		errx(1, "%s: a source to %s got verdict %u", s->name, verdict_name[verdict], got);
}

static double ask(struct subject *s, int verdict, unsigned ifindex)
{
	enum km_family family = s->corpus->list.family;
	double ns[HOT_SOURCES];
	unsigned got;

	if (s->table) {
		memcpy(s->table->address, s->corpus->cold[verdict], sizeof(s->table->address));
		s->table->next = 0;
		ns[0] = bench_run(s->prog, s->hook, family, bench_own(family), s->port, ifindex, BENCH_SOURCES, &got);
		check(s, verdict, got);
		if (s->table->next != BENCH_SOURCES)
			errx(1, "%s: took %u sources of %u", s->name, s->table->next, BENCH_SOURCES);
		return ns[0];
	}
	for (int i = 0; i < HOT_SOURCES; i++) {
		ns[i] = bench_run(s->prog, s->hook, family, s->corpus->hot[verdict][i], s->port, ifindex, HOT_REPEAT,
				  &got);
		check(s, verdict, got);
	}
	return bench_median(ns, HOT_SOURCES);
}

static void fill_trie(const struct peers_bpf *peers, const struct bench_list *list)
{
	int map = bpf_map__fd(list->family == KM_V4 ? peers->maps.trie4 : peers->maps.trie6);
	uint32_t yes = 1;

	for (size_t i = 0; i < list->rules.count; i++) {
		const struct km_rule *rule = &list->rules.list[i];
		struct {
			uint32_t bits;
			unsigned char address[16];
		} key = {.bits = rule->len};

		km_ip_to_bytes(list->family, rule->ip, key.address);
		if (bpf_map_update_elem(map, &key, &yes, BPF_ANY))
			err(1, "prefix %zu of the trie", i);
	}
}

static struct peers_bpf *load_peers(size_t prefixes)
{
	struct peers_bpf *peers = peers_bpf__open();

	if (!peers)
		err(1, "peers");
	bpf_map__set_max_entries(peers->maps.trie4, prefixes);
	bpf_map__set_max_entries(peers->maps.trie6, prefixes);
	if (peers_bpf__load(peers))
		err(1, "peers");
	return peers;
}

/* All subjects of one family; *corpora has room for SIZES. */
static void add_family(enum km_family family, struct corpus *corpora, const struct km_pins *pins,
		       struct peers_bpf *peers)
{
	const struct subject *none[2], *none_cold;
	struct bench_table *table = &peers->bss->bench_table;
	struct subject *s;

	for (unsigned i = 0; i < SIZES; i++) {
		bool largest = i == SIZES - 1;

		bench_list_make(&corpora[i].list, family, sizes[i].count, 1 + i);
		bench_guard_load(pins, &corpora[i].list, largest, &corpora[i].guard);
		choose_sources(&corpora[i], largest);
	}
	const struct corpus *largest = &corpora[SIZES - 1];

	none[BENCH_LOOKUP] = add(largest, bpf_program__fd(peers->progs.bench_lookup_noop), BENCH_LOOKUP, NULL);
	none[BENCH_PACKET] = add(largest, bpf_program__fd(peers->progs.bench_packet_noop), BENCH_PACKET, NULL);
	for (unsigned i = 0; i < SIZES; i++) {
		s = add(&corpora[i], corpora[i].guard.lookup, BENCH_LOOKUP, none[BENCH_LOOKUP]);
		s->judges = true;
		snprintf(s->name, sizeof(s->name), "verdict.lookup.%s.hot.%s", family_name[family], sizes[i].name);
		s = add(&corpora[i], corpora[i].guard.packet, BENCH_PACKET, none[BENCH_PACKET]);
		s->judges = true;
		snprintf(s->name, sizeof(s->name), "verdict.packet.%s.hot.%s", family_name[family], sizes[i].name);
	}
	s = add(largest, largest->guard.lookup_alone, BENCH_LOOKUP, none[BENCH_LOOKUP]);
	s->judges = true;
	snprintf(s->name, sizeof(s->name), "verdict.lookup.%s.alone.1m", family_name[family]);
	if (family == KM_V4) {
		s = add(largest, largest->guard.lookup, BENCH_LOOKUP, none[BENCH_LOOKUP]);
		s->port = BENCH_OTHER_PORT;
		strcpy(s->name, "verdict.lookup.unguarded");
	}

	s = add(largest, bpf_program__fd(peers->progs.bench_lookup_noop_cold), BENCH_LOOKUP, NULL);
	s->table = table;
	none_cold = s;
	s = add(largest, largest->guard.lookup_cold, BENCH_LOOKUP, none_cold);
	s->table = largest->guard.table;
	s->judges = true;
	snprintf(s->name, sizeof(s->name), "verdict.lookup.%s.cold.1m", family_name[family]);
	fill_trie(peers, &largest->list);
	s = add(largest, bpf_program__fd(peers->progs.bench_lookup_trie_cold), BENCH_LOOKUP, s);
	s->table = table;
	s->judges = true;
	snprintf(s->name, sizeof(s->name), "verdict.lookup.%s.cold.1m.vs_lpm", family_name[family]);
}

static bool is_trie(const struct subject *s)
{
	return strstr(s->name, ".vs_lpm");
}

static bool is_unguarded(const struct subject *s)
{
	return s->port == BENCH_OTHER_PORT;
}

static void set_bound(const struct subject *s, int verdict, struct bench_measure *m)
{
	if (is_trie(s)) {
		m->bound_is_low = true;
		m->bound = s->corpus->list.family == KM_V4 ? 6 : 0;
	} else if (strstr(s->name, "lookup") && strstr(s->name, ".hot.") && verdict == ALLOW) {
		m->bound = s->corpus->list.family == KM_V4 ? 2 : 4;
	}
}

static void conclude(const struct subject *s, int verdict, struct bench_measure *m)
{
	bool trie = is_trie(s);
	const char *suffix = trie || is_unguarded(s) ? "" : verdict_name[verdict];

	*m = (struct bench_measure){
		.unit = trie ? "times faster" : "ratio",
		.against = trie ? "lpm trie" : "no-op",
		.ns = bench_median(trie ? s->against->ns[verdict] : s->ns[verdict], BENCH_ROUNDS),
	};
	snprintf(m->id, sizeof(m->id), "%.48s%s%s", s->name, *suffix ? "." : "", suffix);
	for (int r = 0; r < BENCH_ROUNDS; r++)
		m->value[r] = s->ns[verdict][r] / s->against->ns[verdict][r];
	set_bound(s, verdict, m);
}

unsigned bench_verdicts(const struct km_pins *pins, unsigned ifindex,
			struct bench_measure measures[BENCH_VERDICT_MEASURES])
{
	static struct corpus corpora[KM_FAMILIES][SIZES];
	struct peers_bpf *peers = load_peers(sizes[SIZES - 1].count);
	unsigned count = 0;

	for (enum km_family family = 0; family < KM_FAMILIES; family++)
		add_family(family, corpora[family], pins, peers);
	for (int r = 0; r < BENCH_ROUNDS; r++) {
		for (unsigned i = 0; i < subject_count; i++) {
			struct subject *s = &subjects[r & 1 ? subject_count - 1 - i : i];

			for (int verdict = 0; verdict < VERDICTS; verdict++)
				s->ns[verdict][r] = ask(s, verdict, ifindex);
		}
	}
	for (unsigned i = 0; i < subject_count; i++) {
		const struct subject *s = &subjects[i];

		if (!s->against)
			continue;
		for (int verdict = ALLOW; verdict >= DENY; verdict--) {
			if (verdict == DENY && (is_unguarded(s) || is_trie(s)))
				continue;
			conclude(s, verdict, &measures[count++]);
		}
	}
	for (enum km_family family = 0; family < KM_FAMILIES; family++) {
		for (unsigned i = 0; i < SIZES; i++) {
			bench_guard_close(&corpora[family][i].guard);
			bench_list_free(&corpora[family][i].list);
			for (int verdict = 0; verdict < VERDICTS; verdict++)
				free(corpora[family][i].cold[verdict]);
		}
	}
	peers_bpf__destroy(peers);
	return count;
}
