/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A round asks every subject of every list, forth and back in turn, so that what disturbs the machine disturbs
 * neighbours alike; a ratio is taken within a round. Hot: one source over and over, the median of several such, which
 * ask the guard as it was loaded several times. Cold: BENCH_SOURCES different ones in a row, read from a table, which
 * the program that it is compared with reads too: cold for the caches of one processor, not for the one that they
 * share. Of that the neighbours evict some: the fastest of some passes counts.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "context.h"
#include "corpus.h"
#include "list.h"
#include "measure.h"
#include "verdict.h"

#define BOTH_ANSWERS BENCH_ANSWERS
#define NO_OP "ratio", "no-op"

/* Which lists a question is about. */
enum about { ALL, VERDICT /* the group */, FIRST };

static struct bench_corpus corpora[] = {
	{"verdict", "v4", "1m", BENCH_V4, 1000000},
	{"verdict", "v4", "10", BENCH_V4, 10},
	{"verdict", "v4", "1k", BENCH_V4, 1000},
	{"verdict", "v4", "100k", BENCH_V4, 100000},
	{"verdict", "v6", "10", BENCH_V6, 10},
	{"verdict", "v6", "1k", BENCH_V6, 1000},
	{"verdict", "v6", "100k", BENCH_V6, 100000},
	{"verdict", "v6", "1m", BENCH_V6, 1000000},
	/* What the structures are not made for. */
	{"fit", "v4", "4m_in_one_8", BENCH_V4_ONE_BLOCK, 4000000},
	{"fit", "v6", "500k_scattered", BENCH_V6_SCATTERED, 500000},
};
#define CORPORA (sizeof(corpora) / sizeof(*corpora))

/* What is measured of a list: group, family and size of its id, in this order, have their places in the format. */
static const struct question {
	const char *format;
	const char *unit, *against;
	enum bench_subject subject, base;
	enum bench_answer answer; /* BOTH_ANSWERS: two measures, each with its answer as the id's last part */
	enum about about;
} questions[] = {
	{"%s.lookup.%s.hot.%s", NO_OP, BENCH_LOOKUP_GUARD, BENCH_LOOKUP_NOOP, BOTH_ANSWERS, ALL},
	{"%s.packet.%s.hot.%s", NO_OP, BENCH_PACKET_GUARD, BENCH_PACKET_NOOP, BOTH_ANSWERS, ALL},
	{"%s.lookup.%s.cold.%s", NO_OP, BENCH_COLD_GUARD, BENCH_COLD_NOOP, BOTH_ANSWERS, ALL},
	{"%s.lookup_alone.%s.hot.%s", NO_OP, BENCH_LOOKUP_ALONE, BENCH_LOOKUP_NOOP, BOTH_ANSWERS, VERDICT},
	{"%s.lookup_alone.%s.cold.%s", NO_OP, BENCH_COLD_ALONE, BENCH_COLD_NOOP, BOTH_ANSWERS, VERDICT},
	{"%s.lpm.%s.hot.%s", NO_OP, BENCH_LOOKUP_TRIE, BENCH_LOOKUP_NOOP, BOTH_ANSWERS, VERDICT},
	{"%s.lpm.%s.cold.%s", NO_OP, BENCH_COLD_TRIE, BENCH_COLD_NOOP, BOTH_ANSWERS, VERDICT},
	{"%s.lookup.%s.cold.%s.vs_lpm", "times faster", "LPM trie", BENCH_COLD_TRIE, BENCH_COLD_GUARD, BENCH_ALLOW,
	 VERDICT},
	{"%s.lookup.unguarded", NO_OP, BENCH_LOOKUP_UNGUARDED, BENCH_LOOKUP_NOOP, BENCH_ALLOW, FIRST},
	{"%s.packet.unguarded", NO_OP, BENCH_PACKET_UNGUARDED, BENCH_PACKET_NOOP, BENCH_ALLOW, FIRST},
};
#define QUESTIONS (sizeof(questions) / sizeof(*questions))

static double figures[CORPORA][BENCH_SUBJECTS][BENCH_ANSWERS][BENCH_ROUNDS];

/* The id of that question's measure; false if the question is not about that list or not wanted. */
static bool name(const struct bench_corpus *corpus, const struct question *q, enum bench_answer answer,
		 char id[BENCH_ID_MAX])
{
	int length;

	if ((q->about == VERDICT && strcmp(corpus->group, "verdict")) || (q->about == FIRST && corpus != corpora))
		return false;
	if (q->answer != BOTH_ANSWERS && q->answer != answer)
		return false;
	length = snprintf(id, BENCH_ID_MAX, q->format, corpus->group, corpus->family, corpus->size);
	if (q->answer == BOTH_ANSWERS)
		snprintf(id + length, BENCH_ID_MAX - length, ".%s", answer == BENCH_ALLOW ? "allow" : "deny");
	return bench_wanted(id);
}

/* False if nothing about the list is asked for. */
static bool plan(struct bench_corpus *corpus)
{
	char id[BENCH_ID_MAX];
	bool any = false;

	for (unsigned i = 0; i < QUESTIONS; i++) {
		if (!name(corpus, &questions[i], BENCH_ALLOW, id) && !name(corpus, &questions[i], BENCH_DENY, id))
			continue;
		corpus->needed[questions[i].subject] = corpus->needed[questions[i].base] = true;
		any = true;
	}
	return any;
}

static void ask_all(unsigned number, unsigned round, unsigned ifindex)
{
	struct bench_corpus *corpus = &corpora[number];

	for (unsigned i = 0; i < BENCH_SUBJECTS; i++) {
		unsigned subject = round & 1 ? BENCH_SUBJECTS - 1 - i : i;

		for (int answer = 0; corpus->needed[subject] && answer < BENCH_ANSWERS; answer++)
			figures[number][subject][answer][round] = bench_corpus_ask(corpus, subject, answer, ifindex);
	}
}

static void conclude(unsigned number, const struct question *q, enum bench_answer answer)
{
	const double *subject = figures[number][q->subject][answer], *base = figures[number][q->base][answer];
	struct bench_measure *m;
	char id[BENCH_ID_MAX];

	if (!name(&corpora[number], q, answer, id))
		return;
	m = bench_measure(id, q->unit, q->against, BENCH_ROUNDS);
	m->ns = bench_median(subject, BENCH_ROUNDS);
	for (int r = 0; r < BENCH_ROUNDS; r++)
		m->value[r] = subject[r] / base[r];
}

void bench_verdicts(const struct bench_context *context)
{
	bool loaded[CORPORA];

	for (unsigned i = 0; i < CORPORA; i++)
		loaded[i] = plan(&corpora[i]) && bench_corpus_load(&corpora[i], &context->pins);
	for (unsigned round = 0; round < BENCH_ROUNDS; round++)
		for (unsigned i = 0; i < CORPORA; i++)
			if (loaded[i])
				ask_all(i, round, context->ifindex);
	for (unsigned i = 0; i < CORPORA; i++) {
		if (!loaded[i])
			continue;
		for (unsigned q = 0; q < QUESTIONS; q++)
			for (int answer = BENCH_ALLOW; answer >= BENCH_DENY; answer--)
				conclude(i, &questions[q], answer);
		bench_corpus_close(&corpora[i]);
	}
}
