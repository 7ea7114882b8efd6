/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that no rule has: control bytes and what is not ASCII. Pure. */
#ifndef KM_STRAY_H
#define KM_STRAY_H

#include <stdbool.h>

#define KM_STRAY_TEXT 128

/* True for a control byte that no line may hold, in comments neither: all but tab (line ends are cut off before). */
bool km_is_control(char c);

/* The first byte before `end` that is a control byte or not ASCII, or NULL. */
const char *km_stray_find(const char *at, const char *end);

/* What the byte or character at `at` (before `end`) is, and what to do about it, for messages: `text` or static text.
 */
const char *km_stray_describe(const char *at, const char *end, char text[KM_STRAY_TEXT]);

#endif
