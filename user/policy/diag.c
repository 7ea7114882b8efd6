/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The text with each control byte as \xNN, in memory of its own; NULL without memory. Takes `text` over. */
static char *escape(char *text)
{
	size_t controls = 0, length = 0;
	char *escaped, *to;

	for (const char *at = text; *at; at++, length++)
		controls += is_control(*at);
	if (!controls)
		return text;
	escaped = malloc(length + 3 * controls + 1);
	to = escaped;
	for (const char *at = text; escaped && *at; at++) {
		if (is_control(*at))
			to += sprintf(to, "\\x%02x", (unsigned char)*at);
		else
			*to++ = *at;
	}
	if (escaped)
		*to = '\0';
	free(text);
	return escaped;
}

static bool make_room(struct km_diags *diags)
{
	size_t room = diags->room ? 2 * diags->room : 16;
	struct km_diag *list;

	if (diags->count < diags->room)
		return true;
	list = realloc(diags->list, room * sizeof(*list));
	if (!list)
		return false;
	diags->list = list;
	diags->room = room;
	return true;
}

/* Adds one unless enough of its severity are kept. */
static void add(struct km_diags *diags, struct km_diag diag, size_t *seen, const char *format, va_list args)
{
	char *message;

	if ((*seen)++ >= KM_DIAGS_MAX && !diags->all)
		return;
	if (!make_room(diags) || vasprintf(&message, format, args) < 0) {
		diags->no_memory = true;
		return;
	}
	diag.message = escape(message);
	if (diag.message)
		diags->list[diags->count++] = diag;
	else
		diags->no_memory = true;
}

void km_diag_error(struct km_diags *diags, unsigned file, unsigned line, unsigned column, const char *format, ...)
{
	struct km_diag diag = {.file = file, .line = line, .column = column, .severity = KM_ERROR_DIAG};
	va_list args;

	va_start(args, format);
	add(diags, diag, &diags->errors, format, args);
	va_end(args);
}

void km_diag_warning(struct km_diags *diags, unsigned file, unsigned line, unsigned column, const char *format, ...)
{
	struct km_diag diag = {.file = file, .line = line, .column = column, .severity = KM_WARNING_DIAG};
	va_list args;

	va_start(args, format);
	add(diags, diag, &diags->warnings, format, args);
	va_end(args);
}

static int compare(const struct km_diag *a, const struct km_diag *b)
{
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return (a->column > b->column) - (a->column < b->column);
}

/* A merge sort in place of qsort(), which promises no stability. */
static void merge_sort(struct km_diag *list, size_t count, struct km_diag *spare)
{
	size_t half = count / 2, left = 0, right = half;

	if (count < 2)
		return;
	merge_sort(list, half, spare);
	merge_sort(list + half, count - half, spare);
	memcpy(spare, list, half * sizeof(*list));
	for (size_t to = 0; left < half; to++) {
		if (right < count && compare(&list[right], &spare[left]) < 0)
			list[to] = list[right++];
		else
			list[to] = spare[left++];
	}
}

/* Without memory for a merge: slower, and as stable. */
static void insertion_sort(struct km_diag *list, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct km_diag moved = list[i];
		size_t to = i;

		for (; to && compare(&moved, &list[to - 1]) < 0; to--)
			list[to] = list[to - 1];
		list[to] = moved;
	}
}

void km_diags_sort(struct km_diags *diags)
{
	struct km_diag *spare = malloc((diags->count / 2 + 1) * sizeof(*spare));

	if (spare)
		merge_sort(diags->list, diags->count, spare);
	else
		insertion_sort(diags->list, diags->count);
	free(spare);
}

void km_diags_free(struct km_diags *diags)
{
	for (size_t i = 0; i < diags->count; i++)
		free(diags->list[i].message);
	free(diags->list);
	*diags = (struct km_diags){};
}
