/* SPDX-License-Identifier: BSD-2-Clause */
#include "error.h"

#include <stdio.h>

int km_fail(struct km_err *err, int code, const char *format, ...)
{
	if (err) {
		va_list args;

		va_start(args, format);
		vsnprintf(err->text, sizeof(err->text), format, args);
		va_end(args);
	}
	return -code;
}
