/* SPDX-License-Identifier: BSD-2-Clause */
#include "list_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/addr.h"
#include "policy/allowlist.h"
#include "policy/overlap.h"

/* A copy without a NUL behind it, so that a byte read too far is seen. */
void parse_list(const char *bytes, size_t size, struct parsed_list *list)
{
	char *copy = malloc(size + !size);

	*list = (struct parsed_list){};
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	assert_int_equal(km_allowlist_parse(copy, size, LIST_FILE, LIST_NOW, &list->rules, &list->diags), 0);
	km_diags_sort(&list->diags);
	free(copy);
}

void judge_list(const char *text, struct parsed_list *list)
{
	parse_list(text, strlen(text), list);
	km_rules_sort(&list->rules);
	km_rules_warn(&list->rules, &list->diags);
	km_diags_sort(&list->diags);
	assert_false(list->diags.no_memory);
}

void free_list(struct parsed_list *list)
{
	km_rules_free(&list->rules);
	km_diags_free(&list->diags);
}

const char *rules_text(const struct km_rules *rules)
{
	static char text[4096];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];
		char prefix[KM_ADDR_TEXT];

		km_prefix_format(rule->family, rule->ip, rule->len, prefix);
		used += snprintf(text + used, sizeof(text) - used, "%s%s%s", i ? " " : "", rule->deny ? "!" : "",
				 prefix);
		assert_true(used < sizeof(text));
	}
	return text;
}

void check_diags(const char *text, const struct km_diags *diags, enum km_severity severity,
		 const struct list_diag *wanted)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct km_diag *diag = &diags->list[i];

		if (diag->severity != severity)
			continue;
		if (!wanted->line || diag->file != LIST_FILE || diag->line != wanted->line ||
		    diag->column != wanted->column || !strstr(diag->message, wanted->part))
			fail_msg("\"%s\": %u:%u %s, not %u:%u %s", text, diag->line, diag->column, diag->message,
				 wanted->line, wanted->column, wanted->line ? wanted->part : "(nothing)");
		wanted++;
	}
	if (wanted->line)
		fail_msg("\"%s\": nothing at %u:%u, where \"%s\" is wanted", text, wanted->line, wanted->column,
			 wanted->part);
}
