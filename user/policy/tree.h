/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted address ranges to the index and nodes of a set in the image (struct km_set, struct km_node in kubemoat.h);
 * the counterpart of bpf/ranges.h, which finds. Pure.
 */
#ifndef KM_TREE_H
#define KM_TREE_H

#include <stddef.h>

#include "kubemoat.h"
#include "policy/lines.h"
#include "policy/range.h"

/*
 * Appends index and nodes for `ranges` (ascending, disjoint, not adjacent) to lines and fills *set. Lines 0 and 1 must
 * be taken already (the image's header does): as entries of an index they are answers. 0, -ENOMEM or -E2BIG.
 */
int km_tree_build(enum km_family family, const struct km_range *ranges, size_t count, struct km_lines *lines,
		  struct km_set *set);

#endif
