/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted ranges of IPv6 addresses to a set in the image (struct km_set_v6 in kubemoat.h); the counterpart of
 * bpf/set_v6.h, which finds and has the drawing. Pure.
 */
#ifndef KM_SET_V6_BUILD_H
#define KM_SET_V6_BUILD_H

#include <stddef.h>

#include "kubemoat.h"
#include "policy/lines.h"
#include "policy/range.h"

/*
 * Appends the set of `ranges` (ascending, disjoint, not adjacent) to lines and fills *set. Line 0 must be taken already
 * (the image's ports do). The same ranges give the same lines. 0, -ENOMEM or -E2BIG (KM_LINES_MAX_BYTES).
 *
 * Size: an empty set takes a line, 10 hosts about 1 KiB. Prefixes as they are handed out, many to a /32, take 6 to 17
 * bytes each, 9 where thousands lie in one /33, 18 where they are hosts of one /64. Lists without that order take more:
 * 50 to 80 bytes for a prefix that is alone in its /33, 35 to 50 for a host that is alone in its /64, 70 to 100 for a
 * range of hosts that is; a million of the last do not fit. A prefix of /27 to /31 takes up to 1 KiB while there are
 * few.
 */
int km_set_v6_build(const struct km_range *ranges, size_t count, struct km_lines *lines, struct km_set_v6 *set);

#endif
