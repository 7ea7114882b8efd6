/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "kubemoat.h"
#include "list.h"
#include "policy/addr.h"
#include "policy/compile.h"
#include "policy/rule.h"

/* Share of prefixes, in thousandths, whose length is evenly one of these. */
struct length_share {
	unsigned share, shortest, longest;
};

#define V6_SHARES                                                                                       \
	{                                                                                               \
		{400, 48, 48}, {220, 64, 64}, {80, 32, 32}, {70, 40, 40}, {70, 56, 56}, {50, 128, 128}, \
		{                                                                                       \
			110, 33, 63                                                                     \
		}                                                                                       \
	}

static const struct length_share shares[BENCH_SHAPES][8] = {
	[BENCH_V4] = {{400, 32, 32}, {400, 24, 24}, {100, 20, 23}, {98, 25, 31}, {2, 16, 19}},
	[BENCH_V6] = V6_SHARES,
	[BENCH_V4_ONE_BLOCK] = {{1000, 32, 32}},
	[BENCH_V6_SCATTERED] = V6_SHARES,
};

/* xorshift64*: seeds must not be 0. */
static uint64_t draw(struct bench_list *list)
{
	list->random ^= list->random >> 12;
	list->random ^= list->random << 25;
	list->random ^= list->random >> 27;
	return list->random * 0x2545f4914f6cdd1dull;
}

static uint32_t draw_below(struct bench_list *list, uint32_t end)
{
	return (draw(list) >> 32) * end >> 32;
}

static unsigned draw_length(struct bench_list *list)
{
	const struct length_share *share = shares[list->shape];
	unsigned point = draw_below(list, 1000);

	while (point >= share->share) {
		point -= share->share;
		share++;
	}
	return share->shortest + draw_below(list, share->longest - share->shortest + 1);
}

/* Number n of the blocks of /32 that are handed out: scattered over 2000::/4. */
static uint32_t block(uint32_t n)
{
	return 0x20000000 | (n * 2654435761u) >> 4;
}

/* Neither 0/8 nor 10/8, where the host itself lives, nor loopback, nor from 224.0.0.0 on. */
static uint32_t draw_unicast(struct bench_list *list)
{
	uint32_t ip;

	do
		ip = draw(list) >> 32;
	while (ip >> 24 == 0 || ip >> 24 == 10 || ip >> 24 == 127 || ip >> 29 == 7);
	return ip;
}

/* The first word of an address. */
static uint32_t draw_word(struct bench_list *list)
{
	double place;

	switch (list->shape) {
	case BENCH_V4:
		return draw_unicast(list);
	case BENCH_V4_ONE_BLOCK:
		return 45u << 24 | draw_below(list, 1 << 24);
	case BENCH_V6:
		/* The square makes the first blocks the busiest. */
		place = draw_below(list, 1u << 30) / (double)(1u << 30);
		return block(place * place * list->blocks);
	default:
		return 1u << 29 | draw_below(list, 1u << 29);
	}
}

static struct km_ip draw_ip(struct bench_list *list)
{
	struct km_ip ip = {{draw_word(list)}};

	for (int i = 1; i < 4 && list->family == KM_V6; i++)
		ip.word[i] = draw(list) >> 32;
	return ip;
}

void bench_list_make(struct bench_list *list, enum bench_shape shape, size_t count, uint64_t seed)
{
	enum km_family family = shape == BENCH_V6 || shape == BENCH_V6_SCATTERED ? KM_V6 : KM_V4;

	*list = (struct bench_list){.shape = shape, .family = family, .blocks = count / 15 + 1, .random = seed};
	for (size_t i = 0; i < count; i++) {
		unsigned len = draw_length(list);
		struct km_rule rule = {
			.ip = km_ip_first(family, draw_ip(list), len),
			.until = KM_FOREVER,
			.line = i + 1,
			.file = 1,
			.family = family,
			.len = len,
		};

		if (km_rules_add(&list->rules, &rule))
			err(1, "a list of %zu", count);
	}
	km_rules_sort(&list->rules);
	list->rules.written = count;
	if (km_rules_ranges(&list->rules, family, 0, &list->ranges, &list->range_count))
		err(1, "a list of %zu", count);
}

void bench_list_free(struct bench_list *list)
{
	km_rules_free(&list->rules);
	free(list->ranges);
}

static bool listed(const struct bench_list *list, struct km_ip ip)
{
	size_t low = 0, high = list->range_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (km_ip_compare(list->ranges[middle].last, ip) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < list->range_count && km_ip_compare(list->ranges[low].first, ip) <= 0;
}

struct km_ip bench_list_source(struct bench_list *list, bool want_listed)
{
	struct km_ip ip;

	do {
		const struct km_rule *rule = &list->rules.list[draw_below(list, list->rules.count)];
		struct km_ip last = km_ip_last(list->family, rule->ip, rule->len);
		bool near = want_listed || draw(list) & 1;

		ip = draw_ip(list);
		if (near) {
			/* The prefix's own bits, the host's are drawn. */
			for (int i = 0; i < 4; i++)
				ip.word[i] = rule->ip.word[i] | (ip.word[i] & (rule->ip.word[i] ^ last.word[i]));
			if (!want_listed)
				ip.word[list->family == KM_V4 ? 0 : 1] ^= draw(list) & 0x7fff;
		}
	} while (listed(list, ip) != want_listed);
	return ip;
}

void bench_list_fill_trie(const struct bench_list *list, int map)
{
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

void bench_list_print(const struct bench_list *list, FILE *out, const char *before, const char *after)
{
	char text[KM_ADDR_TEXT];

	for (size_t i = 0; i < list->rules.count; i++) {
		const struct km_rule *rule = &list->rules.list[i];

		fprintf(out, "%s%s%s", before, km_prefix_format(list->family, rule->ip, rule->len, text), after);
	}
}

void bench_list_write(const struct bench_list *list, const char *path, bool exceptions)
{
	unsigned network = list->family == KM_V4 ? 24 : 64, networks = 0;
	char text[KM_ADDR_TEXT];
	FILE *out = fopen(path, "we");

	if (!out)
		err(1, "%s", path);
	bench_list_print(list, out, "", "\n");
	for (size_t i = 0; exceptions && i < list->rules.count; i++) {
		const struct km_rule *rule = &list->rules.list[i];

		if (rule->len <= network && !(networks++ % 100))
			fprintf(out, "!%s\n", km_ip_format(list->family, rule->ip, text));
	}
	if (ferror(out) || fclose(out))
		err(1, "%s", path);
}
