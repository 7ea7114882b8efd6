/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_ERROR_H
#define KM_ERROR_H

#include <stdarg.h>

/*
 * Why something could not be done, in one line without a newline: what failed, on what, and what to do about it.
 * The caller owns it; `text` is empty until km_fail() filled it.
 */
struct km_err {
	char text[768];
};

/*
 * Fills *err (which may be NULL) and returns -code, so that a function can end with `return km_fail(err, EPERM, …)`.
 * `code` is a positive errno. Does not append strerror(): say it in `format` where it helps (%m is not used).
 */
int km_fail(struct km_err *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
