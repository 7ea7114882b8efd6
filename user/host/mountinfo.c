/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/mountinfo.h"

#include <stdlib.h>
#include <string.h>

static bool octal(char c)
{
	return c >= '0' && c <= '7';
}

/* The kernel writes blank, tab, newline and backslash of a path as \ooo. */
static void unescape(char *text)
{
	char *out = text;

	while (*text) {
		if (text[0] == '\\' && octal(text[1]) && octal(text[2]) && octal(text[3])) {
			*out++ = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
			text += 4;
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

/* id parent major:minor root point options [tag…] - type source options */
bool km_mountinfo_line(char *line, struct km_mount *mount)
{
	enum { ID, ROOT = 3, POINT = 4, FIELDS = 6 };
	char *field[FIELDS], *rest = NULL, *word;

	for (unsigned i = 0; i < FIELDS; i++) {
		field[i] = strtok_r(i ? NULL : line, " \n", &rest);
		if (!field[i])
			return false;
	}
	do {
		word = strtok_r(NULL, " \n", &rest);
		if (!word)
			return false;
	} while (strcmp(word, "-"));
	word = strtok_r(NULL, " \n", &rest);
	if (!word)
		return false;
	unescape(field[ROOT]);
	unescape(field[POINT]);
	*mount = (struct km_mount){.id = strtoul(field[ID], NULL, 10),
				   .root = field[ROOT],
				   .point = field[POINT],
				   .type = word};
	return true;
}
