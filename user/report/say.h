/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines on standard error, for people: what failed, and what the daemon does. */
#ifndef KM_SAY_H
#define KM_SAY_H

#include <stdio.h>

/* "kubemoat: ...", one line whatever the text holds, and written at once. */
void km_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Writes text without a newline; control bytes become \xNN, so that it stays one line and cannot steer a terminal. */
void km_write_escaped(FILE *out, const char *text);

#endif
