/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/schema.h"

#include <stdlib.h>
#include <string.h>

#include "policy/nearest.h"

struct walk {
	void *context;
	struct km_diags *diags;
};

/* A map under way: which table it follows and how it came to that, outermost last. */
struct level {
	const struct km_schema *keys;
	const struct level *outer;
};

static int walk_map(const struct walk *walk, const struct level *level, const struct km_yaml *map);

static int call(const struct walk *walk, km_schema_handler *handler, const struct km_yaml *key,
		const struct km_yaml *node, long number)
{
	return handler ? handler(walk->context, &(struct km_schema_value){key, node, number}) : 0;
}

static const struct km_schema *find_key(const struct km_schema *keys, const char *name)
{
	for (; keys->key; keys++)
		if (!strcmp(keys->key, name))
			return keys;
	return NULL;
}

/* The key whose map, one level down, knows the name; rather one that supports it. */
static const struct km_schema *find_below(const struct km_schema *keys, const char *name)
{
	const struct km_schema *unsupported = NULL;

	for (; keys->key; keys++) {
		const struct km_schema *found = keys->keys ? find_key(keys->keys, name) : NULL;

		if (found && found->type != KM_SCHEMA_UNSUPPORTED)
			return keys;
		if (found && !unsupported)
			unsupported = keys;
	}
	return unsupported;
}

static void unknown_key(const struct walk *walk, const struct level *level, const struct km_yaml *key)
{
	struct km_place at = key->place;
	const struct km_schema *below = find_below(level->keys, key->text);
	struct km_nearest search = {.word = key->text};
	char phrase[KM_YAML_PHRASE];

	if (below) {
		km_diag_error(walk->diags, 0, at.line, at.column, "\"%s\" cannot stand here; it belongs under %s\"%s\"",
			      key->text, below->type == KM_SCHEMA_NAMES ? "a name in " : "", below->key);
		return;
	}
	for (const struct level *outer = level->outer; outer; outer = outer->outer) {
		if (!find_key(outer->keys, key->text))
			continue;
		km_diag_error(walk->diags, 0, at.line, at.column, "\"%s\" cannot stand here; it belongs %s", key->text,
			      outer->outer ? "one level up" : "at the start of a line, beside \"version\"");
		return;
	}
	for (const struct km_schema *known = level->keys; known->key; known++)
		km_nearest_offer(&search, known->key);
	km_diag_error(walk->diags, 0, at.line, at.column, "unknown key %s; the nearest known one is \"%s\"",
		      km_yaml_quote(key, phrase), search.best);
}

static void wrong_value(const struct walk *walk, const struct km_schema *schema, const struct km_yaml *key,
			const struct km_yaml *value)
{
	/* A value that is not there has no place that a reader could look at. */
	struct km_place at = value->text && !value->text[0] && !value->quoted ? key->place : value->place;
	char phrase[KM_YAML_PHRASE];

	km_diag_error(walk->diags, 0, at.line, at.column, "\"%s\" must be %s; found %s", key->text, schema->expects,
		      km_yaml_describe(value, phrase));
}

/* A leading zero would make it octal for some readers of YAML: no integer here. */
static bool parse_integer(const struct km_yaml *value, long least, long most, long *number)
{
	const char *digits = value->text;

	if (!km_yaml_is_integer(value) || digits[0] == '+' || (digits[0] == '0' && digits[1]))
		return false;
	/* What does not fit a long comes back as its limit, which no schema reaches. */
	*number = strtol(digits, NULL, 10);
	return *number >= least && *number <= most;
}

static bool parse_word(const struct km_yaml *value, const char *const *words, long *number)
{
	for (long i = 0; words[i]; i++) {
		if (!strcmp(value->text, words[i])) {
			*number = i;
			return true;
		}
	}
	return false;
}

static bool scalar_fits(const struct km_schema *schema, const struct km_yaml *value, long *number)
{
	if (value->kind != KM_YAML_SCALAR)
		return false;
	switch (schema->type) {
	case KM_SCHEMA_INTEGER:
		return parse_integer(value, schema->least, schema->most, number);
	case KM_SCHEMA_WORD:
		return parse_word(value, schema->words, number);
	case KM_SCHEMA_TEXT:
		return !km_yaml_is_null(value) && !km_yaml_is_integer(value);
	default:
		return false;
	}
}

static int walk_scalar(const struct walk *walk, const struct km_schema *schema, const struct km_yaml *key,
		       const struct km_yaml *value)
{
	long number = 0;

	if (value->kind == KM_YAML_REFUSED)
		return 0;
	if (!scalar_fits(schema, value, &number)) {
		wrong_value(walk, schema, key, value);
		return 0;
	}
	return call(walk, schema->take, key, value, number);
}

static void too_many(const struct walk *walk, const struct km_schema *schema, const struct km_yaml *first_beyond)
{
	struct km_place at = first_beyond->place;

	km_diag_error(walk->diags, 0, at.line, at.column, "more than %u in \"%s\"; from here on nothing was looked at",
		      schema->room, schema->key);
}

static int walk_list(const struct walk *walk, const struct km_schema *schema, const struct km_yaml *key,
		     const struct km_yaml *list)
{
	unsigned count = 0;

	for (const struct km_yaml *item = list->child; item; item = item->next) {
		int err;

		if (schema->room && ++count > schema->room) {
			too_many(walk, schema, item);
			return 0;
		}
		err = walk_scalar(walk, schema, key, item);
		if (err)
			return err;
	}
	return 0;
}

static int walk_names(const struct walk *walk, const struct km_schema *schema, const struct level *outer,
		      const struct km_yaml *map)
{
	const struct level level = {.keys = schema->keys, .outer = outer};
	const struct km_yaml *value;
	unsigned count = 0;

	for (const struct km_yaml *name = map->child; name && name->next; name = value->next) {
		int err;

		value = name->next;
		if (schema->room && ++count > schema->room) {
			too_many(walk, schema, name);
			return 0;
		}
		if (name->kind == KM_YAML_REFUSED)
			continue;
		err = call(walk, schema->take, name, value, 0);
		if (err)
			return err;
		if (value->kind == KM_YAML_MAP) {
			err = walk_map(walk, &level, value);
			if (err)
				return err;
		} else if (value->kind != KM_YAML_REFUSED && !km_yaml_is_null(value)) {
			char phrase[2][KM_YAML_PHRASE];

			km_diag_error(walk->diags, 0, value->place.line, value->place.column,
				      "%s must be a map of keys, or {}; found %s", km_yaml_quote(name, phrase[0]),
				      km_yaml_describe(value, phrase[1]));
		}
	}
	return 0;
}

static enum km_yaml_kind kind_of(const struct km_schema *schema)
{
	if (schema->list)
		return KM_YAML_LIST;
	return schema->type == KM_SCHEMA_MAP || schema->type == KM_SCHEMA_NAMES ? KM_YAML_MAP : KM_YAML_SCALAR;
}

static int walk_value(const struct walk *walk, const struct level *level, const struct km_schema *schema,
		      const struct km_yaml *key, const struct km_yaml *value)
{
	int err = call(walk, schema->open, key, value, 0);

	if (err || value->kind == KM_YAML_REFUSED)
		return err;
	if (value->kind != kind_of(schema)) {
		wrong_value(walk, schema, key, value);
		return 0;
	}
	if (schema->filled && !value->child) {
		km_diag_error(walk->diags, 0, value->place.line, value->place.column, "\"%s\" is empty; it must be %s",
			      key->text, schema->expects);
		return 0;
	}
	if (schema->list)
		return walk_list(walk, schema, key, value);
	if (schema->type == KM_SCHEMA_NAMES)
		return walk_names(walk, schema, level, value);
	if (schema->type == KM_SCHEMA_MAP)
		return walk_map(walk, &(struct level){.keys = schema->keys, .outer = level}, value);
	return walk_scalar(walk, schema, key, value);
}

static int walk_map(const struct walk *walk, const struct level *level, const struct km_yaml *map)
{
	struct km_place seen[KM_SCHEMA_KEYS] = {0};
	const struct km_yaml *value;

	for (const struct km_yaml *key = map->child; key && key->next; key = value->next) {
		const struct km_schema *schema;
		struct km_place at = key->place, *first;
		int err;

		value = key->next;
		if (key->kind == KM_YAML_REFUSED)
			continue;
		schema = find_key(level->keys, key->text);
		if (!schema) {
			unknown_key(walk, level, key);
			continue;
		}
		first = &seen[schema - level->keys];
		if (first->line) {
			km_diag_error(walk->diags, 0, at.line, at.column, "\"%s\" stands here twice, first at %u:%u",
				      key->text, first->line, first->column);
			continue;
		}
		*first = at;
		if (schema->type == KM_SCHEMA_UNSUPPORTED) {
			km_diag_error(walk->diags, 0, at.line, at.column,
				      "\"%s\" is not supported by this version; remove it", key->text);
			continue;
		}
		err = walk_value(walk, level, schema, key, value);
		if (err)
			return err;
	}
	return 0;
}

int km_schema_walk(const struct km_schema *keys, const struct km_yaml *map, void *context, struct km_diags *diags)
{
	return walk_map(&(struct walk){.context = context, .diags = diags}, &(struct level){.keys = keys}, map);
}
