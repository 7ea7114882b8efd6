/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "report/say.h"
#include "verb.h"

int km_exit_failed(const struct km_err *err)
{
	km_say("%s", err->text);
	return KM_EXIT_FAILED;
}

int km_exit_usage(const char *format, ...)
{
	struct km_err err;
	va_list args;

	va_start(args, format);
	vsnprintf(err.text, sizeof(err.text), format, args);
	va_end(args);
	km_say("%s", err.text);
	return KM_EXIT_USAGE;
}

int km_exit_written(int status)
{
	bool failed;

	errno = 0;
	failed = fflush(stdout) || ferror(stdout);
	if (!failed || status >= KM_EXIT_USAGE)
		return status;
	km_say("standard output: output not written (%s); what is printed is not complete", strerror(errno ?: EIO));
	return KM_EXIT_FAILED;
}
