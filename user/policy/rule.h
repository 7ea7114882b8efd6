/* SPDX-License-Identifier: BSD-2-Clause */
/* Rules of one or several allowlists, as parsed. Pure data. */
#ifndef KM_RULE_H
#define KM_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"

#define KM_FOREVER INT64_MAX
/* As the moment to decide for: which one it is cannot be trusted. Timed permissions are over, timed denials are not. */
#define KM_DOUBTED KM_FOREVER

/* One prefix. A range in a file becomes the fewest prefixes that cover it exactly, @any two: same line each. */
struct km_rule {
	struct km_ip ip; /* first address of the prefix */
	int64_t until;	 /* CLOCK_REALTIME ns at which it ends, KM_FOREVER without `until` */
	uint32_t line;
	uint16_t file;	 /* index into the bundle */
	uint8_t family;	 /* enum km_family */
	uint8_t len;	 /* prefix length */
	bool deny;	 /* written with ! */
	bool range;	 /* one of several prefixes that a range came to */
	uint16_t column; /* of its first byte, the ! included; at most 65535 */
};

/* @self and !@self of a service: the line that decides, deny before allow, or line 0: not written. */
struct km_self_rule {
	uint32_t line;
	uint16_t file;
	uint16_t column; /* as that of a rule */
	bool deny;
	int64_t until;
};

/* True if a rule that ends at `until` holds at the moment `now` (CLOCK_REALTIME ns, or KM_DOUBTED). */
static inline bool km_rule_holds(int64_t until, bool deny, int64_t now)
{
	return now == KM_DOUBTED ? until == KM_FOREVER || deny : now < until;
}

/* Zero-initialise. */
struct km_rules {
	struct km_rule *list;
	size_t count, room;
	struct km_self_rule self[8]; /* as written, in order; at most as many as matter: see km_rules_add_self() */
	unsigned self_count;
	size_t written; /* lines that hold a rule (0: an empty list) */
};

/* Makes room for so many more, so that a long list is not moved while it grows. Memory that is not used is never there.
 */
void km_rules_expect(struct km_rules *rules, size_t more);
/* 0 or -ENOMEM. */
int km_rules_add(struct km_rules *rules, const struct km_rule *rule);
/* The fewest prefixes that cover `like->ip` to `last` exactly, each as `like` in all else. 0 or -ENOMEM. */
int km_rules_add_range(struct km_rules *rules, const struct km_rule *like, struct km_ip last);
/*
 * Takes note of @self or !@self. There is room for a few; beyond, one that decides nothing makes room: of the same
 * kind that which ends first, else one of the other kind. False if there was none.
 */
bool km_rules_add_self(struct km_rules *rules, const struct km_self_rule *self);
void km_rules_free(struct km_rules *rules);

/*
 * Sorts by family, address, length (shorter first), deny before allow, then until (latest first), file and line: so
 * of equal prefixes the one that decides comes first among those still valid.
 */
void km_rules_sort(struct km_rules *rules);

#endif
