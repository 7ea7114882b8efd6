/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/say.h"

#include <stdarg.h>

void km_write_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte == 0x7f)
			fprintf(out, "\\x%02x", byte);
		else
			putc(byte, out);
	}
}

void km_say(const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fputs("kubemoat: ", stderr);
	km_write_escaped(stderr, text);
	putc('\n', stderr);
}
