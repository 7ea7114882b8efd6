/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted ranges of IPv6 addresses to a set in the image (struct km_set_v6 in kubemoat.h); the counterpart of
 * bpf/set_v6.h, which finds and has the drawing. Pure.
 */
#ifndef KM_SET_V6_BUILD_H
#define KM_SET_V6_BUILD_H

#include <stddef.h>

#include "kubemoat.h"
#include "policy/tree.h"

/*
 * Appends the set of `ranges` (ascending, disjoint, not adjacent) to lines and fills *set. Line 0 must be taken already
 * (the image's header does). The same ranges give the same lines. 0, -ENOMEM or -E2BIG (KM_IMAGE_MAX_BYTES).
 *
 * Size: an empty set takes 2 lines. Prefixes as they are handed out, many to a /32, take 7 to 10 bytes each. Lists
 * without that order take more: 16 to 32 bytes for a host of which there is one in its /64 and many in its /33, up to
 * 100 bytes for a prefix that is alone in its /33, and again as much for a range of hosts within a /64.
 */
int km_set_v6_build(const struct km_range *ranges, size_t count, struct km_lines *lines, struct km_set *set);

#endif
