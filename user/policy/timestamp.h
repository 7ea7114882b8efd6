/* SPDX-License-Identifier: BSD-2-Clause */
/* Moments as RFC 3339 writes them. Pure. */
#ifndef KM_TIMESTAMP_H
#define KM_TIMESTAMP_H

#include <stdint.h>

/*
 * Reads text to `end`, all of it. A moment before 1970 gives 0, one after what 64 bits hold (April 2262) the last that
 * is not KM_FOREVER; a second 60 counts as the first of the next minute, parts of nanoseconds are cut off. *ns is
 * CLOCK_REALTIME. 0, or -EINVAL: *at is the first byte of the part that is wrong, before `end`, and *why what is wrong
 * with it and what to write, static text.
 */
int km_timestamp_parse(const char *text, const char *end, int64_t *ns, const char **at, const char **why);

#endif
