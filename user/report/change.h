/* SPDX-License-Identifier: BSD-2-Clause */
/* A rule that came or went, as a line of an allowlist. */
#ifndef KM_REPORT_CHANGE_H
#define KM_REPORT_CHANGE_H

#include "policy/diff.h"

#define KM_CHANGE_TEXT 160

/* "!10.0.66.0/24", "198.51.100.10-198.51.100.20", "203.0.113.7 until 2026-12-01T18:00:00.000000Z". Returns `text`. */
const char *km_change_format(const struct km_change *change, char text[KM_CHANGE_TEXT]);

#endif
