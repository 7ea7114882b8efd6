/* SPDX-License-Identifier: BSD-2-Clause */
/* What the verbs have found out, for text.h and json.h to tell. Plain data. */
#ifndef KM_VIEW_H
#define KM_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inforce.h"
#include "kernel/book.h"
#include "kubemoat.h"
#include "policy/explain.h"

/* Counters of every slot; those whose row has no name are not in use. */
struct km_stats {
	struct km_name_row rows[KM_SLOTS];
	struct km_counters counters[KM_SLOTS];
};

/* What `explain` answers. Strings are borrowed. */
struct km_answer {
	const char *service;
	enum km_family family;
	struct km_ip source;
	struct km_explanation explanation;
	char rule[KM_RULE_TEXT]; /* empty: no rule decides */
	const char *files;	 /* answered from these files; NULL: from the policy in force */
	bool not_loaded;	 /* from files because nothing is loaded */
};

/* A row of `drops --top`. */
struct km_top {
	enum km_family family;
	struct km_ip source;
	uint64_t count;
	int64_t last; /* CLOCK_REALTIME, ns */
};

#endif
