/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A grammar over a YAML tree as data: which keys a map may have, of what type, and who takes their values. The walk
 * reports whatever does not fit, each with its place, and hands over what does. Pure.
 */
#ifndef KM_SCHEMA_H
#define KM_SCHEMA_H

#include <stdbool.h>

#include "policy/diag.h"
#include "policy/yaml_tree.h"

#define KM_SCHEMA_KEYS 16 /* of one map, the end of the table included */

enum km_schema_type {
	KM_SCHEMA_UNSUPPORTED, /* a key of the grammar, but not of this version */
	KM_SCHEMA_INTEGER,     /* `least` to `most`, decimal, plain */
	KM_SCHEMA_WORD,	       /* one of `words` */
	KM_SCHEMA_TEXT,	       /* a string */
	KM_SCHEMA_MAP,	       /* a map of `keys` */
	KM_SCHEMA_NAMES,       /* a map of any names, each with a map of `keys`, or with nothing for an empty one */
};

/* What a handler is given. */
struct km_schema_value {
	const struct km_yaml *key;
	const struct km_yaml *node;
	long number; /* of an INTEGER; the index of a WORD; else 0 */
};

/* Returns 0 or -ENOMEM. What it finds wrong goes to the diags of its context. */
typedef int km_schema_handler(void *context, const struct km_schema_value *value);

struct km_schema {
	const char *key; /* NULL ends the table */
	enum km_schema_type type;
	bool list;	     /* a list of such values */
	bool filled;	     /* an empty list or map is an error */
	unsigned room;	     /* items that a list, or names that a map, may have; 0: any number */
	long least, most;    /* INTEGER */
	const char *expects; /* for messages: what the value must be, with an example */
	const char *const *words;
	const struct km_schema *keys;
	km_schema_handler *open; /* the value as a whole, before its parts; NULL: not needed */
	km_schema_handler *take; /* each scalar; of NAMES each name, before its map is walked; NULL: not needed */
};

/* Walks a map by a table. 0 or -ENOMEM. */
int km_schema_walk(const struct km_schema *keys, const struct km_yaml *map, void *context, struct km_diags *diags);

#endif
