/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/utf8.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of the character that starts here, or 0: not valid (also overlong forms and surrogates). */
static size_t length_of(const unsigned char *text)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = *text < 0x80   ? 1
			: *text < 0xc2 ? 0
			: *text < 0xe0 ? 2
			: *text < 0xf0 ? 3
			: *text < 0xf5 ? 4
				       : 0;
	uint32_t point;

	if (length <= 1)
		return length;
	point = *text & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (text[i] & 0x3f);
	}
	return point < lowest[length] || point > 0x10ffff || (point >> 11) == 0x1b ? 0 : length;
}

char *km_utf8(const char *bytes)
{
	const unsigned char *from = (const unsigned char *)bytes;
	char *text = malloc(3 * strlen(bytes) + 1), *to = text;

	if (!text)
		return NULL;
	while (*from) {
		size_t length = length_of(from);

		if (length) {
			memcpy(to, from, length);
			to += length;
		} else {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
		}
		from += length ?: 1;
	}
	*to = '\0';
	return text;
}
