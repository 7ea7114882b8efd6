/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of allowlists, and what they must come to. */
#ifndef LIST_TEXT_H
#define LIST_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "policy/diag.h"
#include "policy/rule.h"

#define LIST_NOW 1800000000000000000 /* 2027-01-15T08:00:00Z */
#define LIST_FILE 3

struct parsed_list {
	struct km_rules rules;
	struct km_diags diags;
};

/* Parses a text as file LIST_FILE at LIST_NOW. Free with free_list(). */
void parse_list(const char *bytes, size_t size, struct parsed_list *list);
/* The same, then sorts and warns of the list as a whole. */
void judge_list(const char *text, struct parsed_list *list);
void free_list(struct parsed_list *list);

/* "10.0.0.0/8 !10.1.0.0/16": the rules in their order, without lines and moments. Static memory. */
const char *rules_text(const struct km_rules *rules);

struct list_diag {
	unsigned line, column;
	const char *part; /* of the message */
};

/* Exactly these of that severity, ended by line 0. */
void check_diags(const char *text, const struct km_diags *diags, enum km_severity severity,
		 const struct list_diag *wanted);

#endif
