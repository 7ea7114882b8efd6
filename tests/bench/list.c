/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "kubemoat.h"
#include "list.h"
#include "policy/addr.h"
#include "policy/compile.h"
#include "policy/rule.h"

/* Share of prefixes, in thousandths, whose length is evenly one of these. */
struct length_share {
	unsigned share, shortest, longest;
};

static const struct length_share shares[KM_FAMILIES][8] = {
	[KM_V4] = {{400, 32, 32}, {400, 24, 24}, {100, 20, 23}, {98, 25, 31}, {2, 16, 19}},
	[KM_V6] =
		{{400, 48, 48}, {220, 64, 64}, {80, 32, 32}, {70, 40, 40}, {70, 56, 56}, {50, 128, 128}, {110, 33, 63}},
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
	const struct length_share *share = shares[list->family];
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

static struct km_ip draw_ip(struct bench_list *list, size_t count)
{
	struct km_ip ip = {{0}};

	if (list->family == KM_V4) {
		/* Neither 0/8 nor 10/8, where the host itself lives, nor loopback, nor from 224.0.0.0 on. */
		do
			ip.word[0] = draw(list) >> 32;
		while (ip.word[0] >> 24 == 0 || ip.word[0] >> 24 == 10 || ip.word[0] >> 24 == 127 ||
		       ip.word[0] >> 29 == 7);
		return ip;
	}
	/* The square makes the first blocks the busiest. */
	double place = draw_below(list, 1u << 30) / (double)(1u << 30);

	ip.word[0] = block(place * place * (count / 15 + 1));
	ip.word[1] = draw(list) >> 32;
	ip.word[2] = draw(list) >> 32;
	ip.word[3] = draw(list) >> 32;
	return ip;
}

void bench_list_make(struct bench_list *list, enum km_family family, size_t count, uint64_t seed)
{
	*list = (struct bench_list){.family = family, .random = seed};
	for (size_t i = 0; i < count; i++) {
		unsigned len = draw_length(list);
		struct km_rule rule = {
			.ip = km_ip_first(family, draw_ip(list, count), len),
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

		ip = draw_ip(list, list->rules.count);
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

void bench_list_write(const struct bench_list *list, const char *path)
{
	FILE *out = fopen(path, "we");
	char text[KM_ADDR_TEXT];

	if (!out)
		err(1, "%s", path);
	for (size_t i = 0; i < list->rules.count; i++) {
		const struct km_rule *rule = &list->rules.list[i];

		fprintf(out, "%s\n", km_prefix_format(list->family, rule->ip, rule->len, text));
	}
	if (ferror(out) || fclose(out))
		err(1, "%s", path);
}
