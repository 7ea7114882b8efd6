/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The YAML that kubemoat.yaml may use, as a tree in which every node knows its place: maps, lists and scalars, one
 * document. What would let one place stand for another (anchors, aliases, merge keys) or say its own type (tags) is an
 * error. Pure.
 */
#ifndef KM_YAML_TREE_H
#define KM_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/config.h"
#include "policy/diag.h"

enum km_yaml_kind {
	KM_YAML_SCALAR,
	KM_YAML_LIST,
	KM_YAML_MAP,
	KM_YAML_REFUSED, /* was an error already: not to be looked at */
};

struct km_yaml {
	enum km_yaml_kind kind;
	struct km_place place;
	char *text;	       /* of a scalar, NUL-terminated UTF-8; a missing value is the plain scalar "" */
	bool quoted;	       /* a scalar in quotes or in block style: always a string */
	struct km_yaml *child; /* first of a list; of a map key, value, key, …: each key a scalar or refused */
	struct km_yaml *next;
};

/*
 * Parses a whole file that passed km_yaml_text_check(). *root is NULL if the file holds no document or is not YAML
 * (then diags has one error, where libyaml says or at what the end of the file left open). Other errors leave a tree.
 * 0 or -ENOMEM (*root NULL). Free with km_yaml_free().
 */
int km_yaml_parse(const char *bytes, size_t size, struct km_yaml **root, struct km_diags *diags);
void km_yaml_free(struct km_yaml *node);

/* True for a scalar that says null: nothing at all, ~ or null. */
bool km_yaml_is_null(const struct km_yaml *node);
/* True for a plain scalar of digits, with or without a sign. */
bool km_yaml_is_integer(const struct km_yaml *node);

#define KM_YAML_PHRASE 96
/* For messages; both return `phrase` or static text. A scalar's text in quotes, cut if it is long. */
const char *km_yaml_quote(const struct km_yaml *node, char phrase[KM_YAML_PHRASE]);
/* What the node is, for "found …": "a list", "nothing", "the integer 8", "the string \"drop\"". */
const char *km_yaml_describe(const struct km_yaml *node, char phrase[KM_YAML_PHRASE]);

#endif
