/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "list_text.h"
#include "policy/addr.h"
#include "policy/overlap.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SOON " until 2030-01-01T00:00:00Z\n"
#define LATE " until 2031-01-01T00:00:00Z\n"

static void test_warnings(void **state)
{
	static const struct {
		const char *text;
		struct list_diag warnings[4];
	} cases[] = {
		{"192.0.2.0/24\n192.0.2.9\n192.0.2.0/25\n", {{0}}},
		{"192.0.2.0/24\n!192.0.2.66\n", {{0}}},
		/* the same twice */
		{"192.0.2.1\n192.0.2.1/32\n", {{2, 1, "the same is at line 1"}}},
		{" !192.0.2.1\n  !192.0.2.1\n!192.0.2.1\n", {{2, 3, "line 1"}, {3, 1, "line 1"}}},
		{"192.0.2.1" SOON "192.0.2.1\n", {{1, 1, "line 2, and holds longer"}}},
		{"192.0.2.0-192.0.2.2\n192.0.2.0-192.0.2.2\n", {{2, 1, "duplicate"}}},
		{"@any\n@any\n", {{1, 1, "everyone"}, {2, 1, "everyone"}, {2, 1, "line 1"}, {2, 1, "line 1"}}},
		/* deny wins */
		{"192.0.2.1\n!192.0.2.1\n", {{1, 1, "refused at line 2"}}},
		{"192.0.2.1" SOON "!192.0.2.1" LATE, {{1, 1, "refused at line 2"}}},
		{"192.0.2.1" LATE "!192.0.2.1" SOON, {{0}}},
		{"0.0.0.0/0\n!@any\n", {{1, 1, "everyone"}, {1, 1, "refused at line 2"}}},
		/* longer prefixes */
		{"10.0.0.0/8\n!10.0.0.0/9\n!10.128.0.0/9\n", {{1, 1, "the first of them at line 2"}}},
		{"10.0.0.0/8\n10.0.0.0/9\n", {{0}}},
		{"10.0.0.0/8\n10.0.0.0/9\n10.192.0.0/10\n", {{0}}},
		{"10.0.0.0/8\n10.0.0.0/9\n10.128.0.0/10\n10.192.0.0/10\n", {{1, 1, "overridden"}}},
		{"10.0.0.0/8" SOON "10.0.0.0/9\n10.128.0.0/9" LATE, {{1, 1, "overridden"}}},
		{"10.0.0.0/8" LATE "10.0.0.0/9\n10.128.0.0/9" SOON, {{0}}},
		{"0.0.0.0/0\n0.0.0.0/1\n128.0.0.0/1\n", {{1, 1, "everyone"}, {1, 1, "overridden"}}},
		{"::/1\n8000::/1\n0.0.0.0/1\n", {{0}}},
		{"2001:db8::/126\n2001:db8::-2001:db8::2\n2001:db8::3\n", {{1, 1, "the first of them at line 2"}}},
		/* ranges as a whole */
		{"192.0.2.0-192.0.2.2\n192.0.2.0/31\n", {{2, 1, "line 1"}}},
		{"192.0.2.0-192.0.2.2\n192.0.2.0\n192.0.2.1\n", {{0}}},
		{"192.0.2.0-192.0.2.2\n192.0.2.0\n192.0.2.1\n!192.0.2.2\n", {{1, 1, "other rules decide all of it"}}},
		/* overlap in part */
		{"198.51.100.0-198.51.100.255\n!198.51.100.16/28\n198.51.100.10 - 198.51.100.20\n",
		 {{3, 1, "overlaps line 2 in part; of the prefixes"}}},
		{"192.0.2.1-192.0.2.5\n192.0.2.5-192.0.2.9\n", {{2, 1, "both say the same"}}},
		{"192.0.2.4-192.0.2.9\n192.0.2.1-192.0.2.5\n", {{2, 1, "overlaps line 1"}}},
		{"192.0.2.1-192.0.2.4\n192.0.2.5-192.0.2.9\n", {{0}}},
		{"192.0.2.1-192.0.2.9\n192.0.2.2-192.0.2.8\n192.0.2.3-192.0.2.4\n192.0.2.8\n", {{4, 1, "duplicate"}}},
		{"192.0.2.0-192.0.2.9\n192.0.2.0/24\n!192.0.2.0-192.0.2.5\n", {{0}}},
		{"2001:db8::1-2001:db8::5\n!2001:db8::4/126\n", {{2, 1, "overlaps line 1"}}},
		/* this host */
		{"@self\n@self\n", {{2, 1, "line 1"}}},
		{"@self" SOON "@self\n", {{1, 1, "line 2"}}},
		{" @self\n!@self\n", {{1, 2, "!@self wins, at line 2"}}},
		{"@self\n!@self" SOON, {{0}}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct list_diag wanted[5] = {};
		struct parsed_list list;

		memcpy(wanted, cases[i].warnings, sizeof(cases[i].warnings));
		judge_list(cases[i].text, &list);
		check_diags(cases[i].text, &list.diags, KM_WARNING_DIAG, wanted);
		free_list(&list);
	}
}

static void test_other_list(void **state)
{
	struct parsed_list list;

	(void)state;
	parse_list("192.0.2.1\n192.0.2.1\n", 20, &list);
	list.rules.list[0].file = LIST_FILE - 1;
	list.rules.list[0].line = 5;
	km_rules_warn(&list.rules, &list.diags);
	check_diags("two lists", &list.diags, KM_WARNING_DIAG,
		    (struct list_diag[]){{2, 1, "line 5 of another list"}, {0}});
	free_list(&list);
}

#define LINES 12
#define SPACE 32 /* addresses, from 10.0.0.0 */

/* A random list over a few addresses: prefixes and ranges, some excepted, some for a time. */
static void random_list(unsigned *seed, char *text, size_t size)
{
	static const char *const ends[] = {"\n", "\n", SOON, LATE};
	size_t used = 0;

	for (unsigned line = 0; line < LINES; line++) {
		unsigned len = 27 + rand_r(seed) % 6, first = rand_r(seed) % SPACE, last = rand_r(seed) % SPACE;
		const char *sign = rand_r(seed) % 3 ? "" : "!", *end = ends[rand_r(seed) % 4];

		if (rand_r(seed) % 4)
			used += snprintf(text + used, size - used, "%s10.0.0.%u/%u%s", sign,
					 first >> (32 - len) << (32 - len), len, end);
		else
			used += snprintf(text + used, size - used, "%s10.0.0.%u-10.0.0.%u%s", sign,
					 first < last ? first : last, first < last ? last : first, end);
	}
}

static bool holds(const struct km_rule *rule, uint32_t address)
{
	return address >= rule->ip.word[0] && address <= km_ip_last(KM_V4, rule->ip, rule->len).word[0];
}

/* The line that decides an address just before `until`: the longest prefix, and of equal ones the first. */
static uint32_t decider(const struct km_rules *rules, uint32_t address, int64_t until)
{
	const struct km_rule *best = NULL;

	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];

		if (rule->until >= until && holds(rule, address) && (!best || rule->len > best->len))
			best = rule;
	}
	return best ? best->line : 0;
}

static bool is_warned(const struct km_diags *diags, uint32_t line)
{
	for (size_t i = 0; i < diags->count; i++)
		if (diags->list[i].line == line && !strstr(diags->list[i].message, "in part"))
			return true;
	return false;
}

/* The slow obvious way: a line is idle if it decides no address even at the last moment it holds. */
static void check_idle(const char *text, const struct parsed_list *list)
{
	bool decides[LINES + 1] = {};

	for (size_t i = 0; i < list->rules.count; i++) {
		const struct km_rule *rule = &list->rules.list[i];

		for (uint32_t address = 0x0a000000; address < 0x0a000000 + SPACE; address++)
			if (holds(rule, address) && decider(&list->rules, address, rule->until) == rule->line)
				decides[rule->line] = true;
	}
	for (uint32_t line = 1; line <= LINES; line++)
		if (is_warned(&list->diags, line) == decides[line])
			fail_msg("line %u %s:\n%s", line, decides[line] ? "decides, and is warned of" : "is idle",
				 text);
}

static void check_crossing(const char *text, const struct parsed_list *list)
{
	uint32_t first[LINES + 1], last[LINES + 1] = {};
	bool cross = false, warned = false;

	memset(first, 0xff, sizeof(first));
	for (size_t i = 0; i < list->rules.count; i++) {
		const struct km_rule *rule = &list->rules.list[i];
		uint32_t end = km_ip_last(KM_V4, rule->ip, rule->len).word[0];

		if (rule->ip.word[0] < first[rule->line])
			first[rule->line] = rule->ip.word[0];
		if (end > last[rule->line])
			last[rule->line] = end;
	}
	for (unsigned a = 1; a <= LINES; a++)
		for (unsigned b = 1; b <= LINES; b++)
			cross |= first[a] < first[b] && first[b] <= last[a] && last[a] < last[b];
	for (size_t i = 0; i < list->diags.count; i++)
		warned |= strstr(list->diags.list[i].message, "in part") != NULL;
	if (cross != warned)
		fail_msg("%s:\n%s", cross ? "an overlap is missed" : "no overlap is warned of", text);
}

static void test_random(void **state)
{
	unsigned seed = 11;
	char text[1024];

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		struct parsed_list list;

		random_list(&seed, text, sizeof(text));
		judge_list(text, &list);
		check_idle(text, &list);
		check_crossing(text, &list);
		free_list(&list);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_other_list),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
