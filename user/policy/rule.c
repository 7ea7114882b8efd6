/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "policy/addr.h"
#include "policy/big.h"

/* For so many more; doubled at least, lest all of them are moved each time. 0 or -ENOMEM. */
static int make_room(struct km_rules *rules, size_t more)
{
	size_t wanted = rules->count + more, doubled = 2 * rules->room, room = wanted > doubled ? wanted : doubled;
	struct km_rule *list;

	if (wanted <= rules->room)
		return 0;
	list = km_big_alloc(room * sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (rules->count)
		memcpy(list, rules->list, rules->count * sizeof(*list));
	free(rules->list);
	rules->list = list;
	rules->room = room;
	return 0;
}

void km_rules_expect(struct km_rules *rules, size_t more)
{
	/* If there is no memory for so many, there may be for those that come. */
	make_room(rules, more);
}

int km_rules_add(struct km_rules *rules, const struct km_rule *rule)
{
	if (rules->count == rules->room) {
		int r = make_room(rules, 64);

		if (r)
			return r;
	}
	rules->list[rules->count++] = *rule;
	return 0;
}

static bool fits(enum km_family family, struct km_ip first, struct km_ip last, unsigned len)
{
	return !km_ip_compare(km_ip_first(family, first, len), first) &&
	       km_ip_compare(km_ip_last(family, first, len), last) <= 0;
}

/* The length of the largest prefix that starts at `first` and does not reach beyond `last`. Half of it fits as well. */
static unsigned largest_prefix(enum km_family family, struct km_ip first, struct km_ip last)
{
	unsigned low = 0, high = km_family_bits(family);

	while (low < high) {
		unsigned len = (low + high) / 2;

		if (fits(family, first, last, len))
			high = len;
		else
			low = len + 1;
	}
	return high;
}

int km_rules_add_range(struct km_rules *rules, const struct km_rule *like, struct km_ip last)
{
	struct km_rule part = *like;
	struct km_ip end;

	part.len = largest_prefix(part.family, part.ip, last);
	end = km_ip_last(part.family, part.ip, part.len);
	part.range = km_ip_compare(end, last) != 0;
	for (;;) {
		int err = km_rules_add(rules, &part);

		if (err || !km_ip_compare(end, last))
			return err;
		km_ip_next(part.family, end, &part.ip);
		part.len = largest_prefix(part.family, part.ip, last);
		end = km_ip_last(part.family, part.ip, part.len);
	}
}

bool km_rules_add_self(struct km_rules *rules, const struct km_self_rule *self)
{
	const unsigned room = sizeof(rules->self) / sizeof(rules->self[0]);
	struct km_self_rule *same = NULL, *least = &rules->self[0];

	if (rules->self_count < room) {
		rules->self[rules->self_count++] = *self;
		return true;
	}
	for (unsigned i = 0; i < room; i++) {
		struct km_self_rule *other = &rules->self[i];

		if (other->deny == self->deny && (!same || other->until < same->until))
			same = other;
		if (other->until < least->until)
			least = other;
	}
	if (!same)
		*least = *self;
	else if (self->until > same->until)
		*same = *self;
	return false;
}

void km_rules_free(struct km_rules *rules)
{
	free(rules->list);
	*rules = (struct km_rules){};
}

#define ORDER(a, b)                \
	do {                       \
		if ((a) < (b))     \
			return -1; \
		if ((a) > (b))     \
			return 1;  \
	} while (0)

static int compare(const void *left, const void *right)
{
	const struct km_rule *a = left, *b = right;
	int order;

	ORDER(a->family, b->family);
	order = km_ip_compare(a->ip, b->ip);
	if (order)
		return order;
	ORDER(a->len, b->len);
	ORDER(b->deny, a->deny);
	ORDER(b->until, a->until);
	ORDER(a->file, b->file);
	ORDER(a->line, b->line);
	return 0;
}

static bool is_sorted(const struct km_rule *list, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (compare(&list[i - 1], &list[i]) > 0)
			return false;
	return true;
}

/* What most of the order hangs on, in words, the one that weighs least first, as a radix sort takes them. */
#define KEY_WORDS 6

static uint32_t key_word(const struct km_rule *rule, unsigned word)
{
	switch (word) {
	case 0:
		return (uint32_t)rule->len << 8 | !rule->deny;
	case KEY_WORDS - 1:
		return rule->family;
	default:
		return rule->ip.word[4 - word];
	}
}

/* A rule, and the word of its key by which it is sorted. No more: new memory costs more than the sorting. */
struct key {
	uint32_t index, word;
};

static void sort_by_byte(const struct key *from, struct key *to, size_t count, unsigned shift)
{
	uint32_t place[256] = {}, next = 0;

	for (size_t i = 0; i < count; i++)
		place[from[i].word >> shift & 255]++;
	for (unsigned value = 0; value < 256; value++) {
		uint32_t size = place[value];

		place[value] = next;
		next += size;
	}
	for (size_t i = 0; i < count; i++)
		to[place[from[i].word >> shift & 255]++] = from[i];
}

/* Sorts keys[0 … count - 1], which name rules; the result may lie in the second half of `keys`, which has 2 * count. */
static const struct key *sort_keys(const struct km_rule *list, size_t count, struct key *keys)
{
	struct key *from = keys, *to = keys + count;
	uint32_t varies[KEY_WORDS] = {};

	for (size_t i = 0; i < count; i++) {
		keys[i].index = i;
		for (unsigned w = 0; w < KEY_WORDS; w++)
			varies[w] |= key_word(&list[i], w) ^ key_word(&list[0], w);
	}
	for (unsigned w = 0; w < KEY_WORDS; w++) {
		for (size_t i = 0; varies[w] && i < count; i++)
			from[i].word = key_word(&list[from[i].index], w);
		for (unsigned shift = 0; shift < 32; shift += 8) {
			struct key *sorted = to;

			if (!(varies[w] >> shift & 255))
				continue;
			sort_by_byte(from, to, count, shift);
			to = from;
			from = sorted;
		}
	}
	return from;
}

static bool same_key(const struct km_rule *a, const struct km_rule *b)
{
	return a->family == b->family && !km_ip_compare(a->ip, b->ip) && a->len == b->len && a->deny == b->deny;
}

/* Rules of equal keys, neighbours by now, by the rest. */
static void sort_equals(struct km_rule *list, size_t count)
{
	for (size_t start = 0, end; start < count; start = end) {
		for (end = start + 1; end < count && same_key(&list[start], &list[end]); end++)
			;
		if (!is_sorted(list + start, end - start))
			qsort(list + start, end - start, sizeof(*list), compare);
	}
}

static int radix_sort(struct km_rules *rules)
{
	KM_AUTO_FREE struct key *keys = km_big_alloc(2 * rules->count * sizeof(*keys));
	struct km_rule *list = km_big_alloc(rules->count * sizeof(*list));
	const struct key *sorted;

	if (!keys || !list) {
		free(list);
		return -ENOMEM;
	}
	sorted = sort_keys(rules->list, rules->count, keys);
	for (size_t i = 0; i < rules->count; i++)
		list[i] = rules->list[sorted[i].index];
	free(rules->list);
	rules->list = list;
	rules->room = rules->count;
	sort_equals(rules->list, rules->count);
	return 0;
}

/* Below this many rules the counting of the radix sort costs more than it saves; its indexes have 32 bits. */
#define RADIX_LEAST 256
#define RADIX_MOST UINT32_MAX

void km_rules_sort(struct km_rules *rules)
{
	if (is_sorted(rules->list, rules->count))
		return;
	if (rules->count < RADIX_LEAST || rules->count > RADIX_MOST || radix_sort(rules))
		qsort(rules->list, rules->count, sizeof(*rules->list), compare);
}
