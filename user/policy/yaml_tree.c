/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/yaml_tree.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <yaml.h>

#include "policy/yaml_text.h"

#define DEPTH 8 /* the schema needs 5 */

struct builder {
	yaml_parser_t parser;
	struct km_yaml_cursor cursor;
	struct km_diags *diags;
	struct km_yaml *root;
	struct {
		struct km_yaml *node;
		struct km_yaml **end; /* where its next child goes */
		bool value_next;      /* in a map: a key was seen */
	} open[DEPTH];
	unsigned depth;
	bool stop;
};

static void error_at(struct builder *b, struct km_place place, const char *what)
{
	km_diag_error(b->diags, 0, place.line, place.column, "%s", what);
}

/* Appends a node where the parser stands. */
static struct km_yaml *add(struct builder *b, enum km_yaml_kind kind, const yaml_event_t *event)
{
	struct km_yaml *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	node->place = km_yaml_cursor_seek(&b->cursor, event->start_mark.index);
	if (!b->depth) {
		b->root = node;
		return node;
	}
	*b->open[b->depth - 1].end = node;
	b->open[b->depth - 1].end = &node->next;
	return node;
}

/* Keeps what is no plain tree out: the node stays as a place holder that nobody looks at. */
static void refuse(struct builder *b, struct km_yaml *node, const char *why)
{
	error_at(b, node->place, why);
	node->kind = KM_YAML_REFUSED;
}

/* To be called after add() and before the node's children are opened. */
static void check_node(struct builder *b, struct km_yaml *node, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	bool is_key = false;

	if (b->depth && b->open[b->depth - 1].node->kind == KM_YAML_MAP) {
		is_key = !b->open[b->depth - 1].value_next;
		b->open[b->depth - 1].value_next = is_key;
	}
	if (anchor)
		refuse(b, node, "anchors (&name) are not supported; write the value where it is needed");
	else if (tag)
		refuse(b, node, "tags (!name) are not supported; put text that starts with ! in quotes");
	else if (is_key && (node->kind == KM_YAML_LIST || node->kind == KM_YAML_MAP))
		refuse(b, node, "a key is a word, not a list or a map");
	else if (is_key && node->text && !node->quoted && !strcmp(node->text, "<<"))
		refuse(b, node, "merge keys (<<) are not supported; write the keys where they are needed");
}

static int add_scalar(struct builder *b, const yaml_event_t *event)
{
	const char *value = (const char *)event->data.scalar.value;
	struct km_yaml *node = add(b, KM_YAML_SCALAR, event);

	if (!node)
		return -ENOMEM;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	node->text = strdup(value);
	if (!node->text)
		return -ENOMEM;
	check_node(b, node, event->data.scalar.anchor, event->data.scalar.tag);
	if (node->kind == KM_YAML_SCALAR && strlen(value) != event->data.scalar.length)
		refuse(b, node, "text with a NUL in it; remove the \\0");
	return 0;
}

static int add_alias(struct builder *b, const yaml_event_t *event)
{
	struct km_yaml *node = add(b, KM_YAML_REFUSED, event);

	if (!node)
		return -ENOMEM;
	check_node(b, node, NULL, NULL);
	refuse(b, node, "aliases (*name) are not supported; write the value out");
	return 0;
}

static int add_open(struct builder *b, enum km_yaml_kind kind, const yaml_event_t *event, const yaml_char_t *anchor,
		    const yaml_char_t *tag)
{
	struct km_yaml *node = add(b, kind, event);

	if (!node)
		return -ENOMEM;
	check_node(b, node, anchor, tag);
	if (b->depth == DEPTH) {
		refuse(b, node, "lists and maps are nested too deep");
		b->stop = true;
		return 0;
	}
	b->open[b->depth].node = node;
	b->open[b->depth].end = &node->child;
	b->open[b->depth].value_next = false;
	b->depth++;
	return 0;
}

static int add_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_STREAM_END_EVENT:
		b->stop = true;
		return 0;
	case YAML_DOCUMENT_START_EVENT:
		if (!b->root)
			return 0;
		error_at(b, km_yaml_cursor_seek(&b->cursor, event->start_mark.index),
			 "a second document; the file holds one, remove the ---");
		b->stop = true;
		return 0;
	case YAML_SCALAR_EVENT:
		return add_scalar(b, event);
	case YAML_ALIAS_EVENT:
		return add_alias(b, event);
	case YAML_SEQUENCE_START_EVENT:
		return add_open(b, KM_YAML_LIST, event, event->data.sequence_start.anchor,
				event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return add_open(b, KM_YAML_MAP, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	default:
		return 0;
	}
}

/* What people mean who stumble over libyaml's words. */
static const char *syntax_hint(char byte)
{
	switch (byte) {
	case '\t':
		return "; indent with spaces, not tabs";
	case ':':
		return "; a colon ends a key and has a blank after it, text with other colons goes in quotes: \"::1\"";
	case '@':
	case '`':
	case '%':
		return "; text that starts with this character goes in quotes";
	default:
		return "";
	}
}

/* The end of the file tells nobody where to look: what was left open does. */
static void open_at_end(struct builder *b, struct km_place end)
{
	const yaml_parser_t *parser = &b->parser;
	struct km_place place = end;

	if (parser->context)
		place = km_yaml_cursor_seek(&b->cursor, parser->context_mark.index);
	if (place.line == end.line && place.column == end.column && b->depth)
		place = b->open[b->depth - 1].node->place;
	km_diag_error(b->diags, 0, place.line, place.column, "not YAML: the file ends before this is closed");
}

static void syntax_error(struct builder *b)
{
	const yaml_parser_t *parser = &b->parser;
	struct km_place place = km_yaml_cursor_seek(&b->cursor, parser->problem_mark.index);
	const char *hint;

	if (b->cursor.offset >= b->cursor.size) {
		open_at_end(b, place);
		return;
	}
	hint = syntax_hint(b->cursor.bytes[b->cursor.offset]);
	if (parser->context) {
		struct km_place context = km_yaml_cursor_seek(&b->cursor, parser->context_mark.index);

		km_diag_error(b->diags, 0, place.line, place.column, "not YAML: %s, %s from %u:%u%s", parser->problem,
			      parser->context, context.line, context.column, hint);
	} else {
		km_diag_error(b->diags, 0, place.line, place.column, "not YAML: %s%s", parser->problem, hint);
	}
}

static int build(struct builder *b)
{
	while (!b->stop) {
		yaml_event_t event;
		int err;

		if (!yaml_parser_parse(&b->parser, &event)) {
			if (b->parser.error == YAML_MEMORY_ERROR)
				return -ENOMEM;
			syntax_error(b);
			return -EINVAL;
		}
		err = add_event(b, &event);
		yaml_event_delete(&event);
		if (err)
			return err;
	}
	return 0;
}

int km_yaml_parse(const char *bytes, size_t size, struct km_yaml **root, struct km_diags *diags)
{
	struct builder b = {.diags = diags};
	int err;

	*root = NULL;
	if (!yaml_parser_initialize(&b.parser))
		return -ENOMEM;
	km_yaml_cursor_init(&b.cursor, bytes, size);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)bytes + b.cursor.offset, size - b.cursor.offset);
	err = build(&b);
	yaml_parser_delete(&b.parser);
	if (err)
		km_yaml_free(b.root);
	else
		*root = b.root;
	return err == -EINVAL ? 0 : err;
}

/* Recursion is as deep as the tree: DEPTH. */
void km_yaml_free(struct km_yaml *node)
{
	while (node) {
		struct km_yaml *next = node->next;

		km_yaml_free(node->child);
		free(node->text);
		free(node);
		node = next;
	}
}

bool km_yaml_is_null(const struct km_yaml *node)
{
	return node->kind == KM_YAML_SCALAR && !node->quoted &&
	       (!node->text[0] || !strcmp(node->text, "~") || !strcasecmp(node->text, "null"));
}

bool km_yaml_is_integer(const struct km_yaml *node)
{
	const char *p = node->text;

	if (node->kind != KM_YAML_SCALAR || node->quoted)
		return false;
	if (*p == '-' || *p == '+')
		p++;
	if (!*p)
		return false;
	while (isdigit((unsigned char)*p))
		p++;
	return !*p;
}

static bool is_boolean(const struct km_yaml *node)
{
	static const char *const words[] = {"true", "false", "yes", "no", "on", "off"};

	if (node->quoted)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(node->text, words[i]))
			return true;
	return false;
}

const char *km_yaml_quote(const struct km_yaml *node, char phrase[KM_YAML_PHRASE])
{
	enum { SHOWN = 60 };
	size_t n = strlen(node->text);
	const char *more = "";

	if (n > SHOWN) {
		for (n = SHOWN; ((unsigned char)node->text[n] & 0xc0) == 0x80;)
			n--;
		more = "...";
	}
	snprintf(phrase, KM_YAML_PHRASE, "\"%.*s%s\"", (int)n, node->text, more);
	return phrase;
}

const char *km_yaml_describe(const struct km_yaml *node, char phrase[KM_YAML_PHRASE])
{
	char quoted[KM_YAML_PHRASE];

	if (node->kind == KM_YAML_LIST)
		return "a list";
	if (node->kind == KM_YAML_MAP)
		return "a map";
	if (km_yaml_is_null(node))
		return "nothing";
	km_yaml_quote(node, quoted);
	if (km_yaml_is_integer(node))
		snprintf(phrase, KM_YAML_PHRASE, "the integer %.*s", (int)strlen(quoted) - 2, quoted + 1);
	else if (is_boolean(node))
		snprintf(phrase, KM_YAML_PHRASE, "the boolean %s", node->text);
	else
		snprintf(phrase, KM_YAML_PHRASE, "the string %.80s", quoted);
	return phrase;
}
