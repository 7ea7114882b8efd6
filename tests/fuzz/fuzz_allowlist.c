/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libFuzzer on the allowlists: no bytes may crash the parser, every position lies inside the file, a wrong file says
 * so, and the rules of a good one, printed, are the same rules again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/addr.h"
#include "policy/allowlist.h"
#include "policy/overlap.h"

#define FILE_NUMBER 3
#define NOW 1800000000000000000
#define SECOND 1000000000

#define CHECK(condition)                                                                        \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                \
		}                                                                               \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Length of line `number` with what ends it, a byte order mark left out; 0 if there is no such line. */
static size_t line_length(const char *bytes, size_t size, unsigned number)
{
	const char *at = bytes, *end = bytes + size;

	if (size >= 3 && !memcmp(bytes, "\xef\xbb\xbf", 3))
		at += 3;
	for (unsigned line = 1; at < end; line++) {
		const char *newline = memchr(at, '\n', end - at), *next = newline ? newline + 1 : end;

		if (line == number)
			return next - at;
		at = next;
	}
	return 0;
}

static void check_diags(const char *bytes, size_t size, const struct km_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct km_diag *diag = &diags->list[i];
		size_t length = line_length(bytes, size, diag->line);

		CHECK(diag->file == FILE_NUMBER);
		CHECK(diag->column >= 1);
		CHECK(diag->column <= length || (diag->line == 1 && diag->column == 1));
		CHECK(diag->message[0] && !strchr(diag->message, '\n'));
	}
}

static void print_rule(FILE *out, bool deny, const char *target, int64_t until)
{
	time_t seconds = until / SECOND;
	char moment[32];
	struct tm tm;

	fprintf(out, "%s%s", deny ? "!" : "", target);
	if (until != KM_FOREVER) {
		strftime(moment, sizeof(moment), "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
		fprintf(out, " until %s.%09dZ", moment, (int)(until % SECOND));
	}
	fputc('\n', out);
}

/* The rules as a file; the caller's to free. */
static char *print(const struct km_rules *rules, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	CHECK(out);
	for (unsigned i = 0; i < rules->self_count; i++)
		print_rule(out, rules->self[i].deny, "@self", rules->self[i].until);
	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];
		char prefix[KM_ADDR_TEXT];

		print_rule(out, rule->deny, km_prefix_format(rule->family, rule->ip, rule->len, prefix), rule->until);
	}
	CHECK(!fclose(out));
	return text;
}

static void check_same(const struct km_rules *a, const struct km_rules *b)
{
	CHECK(a->count == b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct km_rule *left = &a->list[i], *right = &b->list[i];

		CHECK(left->family == right->family && left->len == right->len && left->deny == right->deny);
		CHECK(left->until == right->until && !km_ip_compare(left->ip, right->ip));
	}
	CHECK(a->self_count == b->self_count);
	for (unsigned i = 0; i < a->self_count; i++)
		CHECK(a->self[i].deny == b->self[i].deny && a->self[i].until == b->self[i].until);
}

static void check_again(const struct km_rules *rules)
{
	struct km_rules again = {};
	struct km_diags diags = {};
	size_t size;
	char *text = print(rules, &size);

	CHECK(!km_allowlist_parse(text, size, FILE_NUMBER, NOW, &again, &diags));
	CHECK(!diags.errors);
	km_rules_sort(&again);
	check_same(rules, &again);
	km_rules_free(&again);
	km_diags_free(&diags);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct km_rules rules = {};
	struct km_diags diags = {};
	bool good;

	CHECK(!km_allowlist_parse(bytes, size, FILE_NUMBER, NOW, &rules, &diags));
	good = !diags.errors;
	km_rules_sort(&rules);
	km_rules_warn(&rules, &diags);
	CHECK(good == !diags.errors);
	check_diags(bytes, size, &diags);
	if (good)
		check_again(&rules);
	km_rules_free(&rules);
	km_diags_free(&diags);
	return 0;
}
