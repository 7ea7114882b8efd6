/* SPDX-License-Identifier: BSD-2-Clause */
/* One allowlist, what is loaded with it, and the sources that are asked about. */
#ifndef BENCH_CORPUS_H
#define BENCH_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guard.h"
#include "kernel/pins.h"
#include "kubemoat.h"
#include "list.h"

#define BENCH_HOT_SOURCES 7 /* odd, for the median */
#define BENCH_LOADS 3	    /* of the guard: where in memory its programs land changes their cost by some per cent */

enum bench_answer { BENCH_DENY, BENCH_ALLOW, BENCH_ANSWERS };

/* Programs to ask. Those that do nothing have the same hook and take their sources from the same place. */
enum bench_subject {
	BENCH_LOOKUP_NOOP,
	BENCH_LOOKUP_GUARD,
	BENCH_LOOKUP_ALONE, /* as the only layer */
	BENCH_LOOKUP_TRIE,
	BENCH_LOOKUP_UNGUARDED, /* the guard, asked about another port */
	BENCH_PACKET_NOOP,
	BENCH_PACKET_GUARD,
	BENCH_PACKET_UNGUARDED,
	BENCH_COLD_NOOP, /* the lookup hook, a new source each run */
	BENCH_COLD_GUARD,
	BENCH_COLD_ALONE,
	BENCH_COLD_TRIE,
	BENCH_SUBJECTS
};

struct bench_corpus {
	const char *group, *family, *size; /* as ids name it */
	enum bench_shape shape;
	size_t prefixes;
	bool needed[BENCH_SUBJECTS];
	struct bench_list list;
	struct bench_guard both[BENCH_LOADS]; /* hot sources ask them in turn */
	struct bench_guard alone, one_port;   /* loaded if needed, as all below */
	struct bench_cold cold, cold_alone;
	struct peers_bpf *peers;
	struct km_ip hot[BENCH_ANSWERS][BENCH_HOT_SOURCES];
	uint32_t (*sources[BENCH_ANSWERS])[4]; /* BENCH_SOURCES of them, as in struct bench_table */
};

/*
 * Makes the list and loads what is needed. False, with nothing to close, if no image has room for the list. Ends the
 * program where it cannot, as all here.
 */
bool bench_corpus_load(struct bench_corpus *corpus, const struct km_pins *pins);
void bench_corpus_close(struct bench_corpus *corpus);

/* CPU time of a run of that subject in ns; checks what it answers. */
double bench_corpus_ask(struct bench_corpus *corpus, enum bench_subject subject, enum bench_answer answer,
			unsigned ifindex);

#endif
