/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorted numbers to the search trees of an IPv6 set (struct km_v6_node, km_v6_host_node in kubemoat.h). Pure. */
#ifndef KM_SET_V6_TREE_H
#define KM_SET_V6_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"
#include "policy/lines.h"

/*
 * Appends a tree of struct km_v6_node over the flips (ascending; of each the lower 31 bits) to lines, its root in
 * *line. `start`: membership below the first. Leaves that hold one of the `exceptions` (ascending, lower 31 bits) say
 * so. 0, -ENOMEM or -E2BIG.
 */
int km_v6_tree_build(const uint64_t *flips, size_t count, bool start, const uint64_t *exceptions,
		     size_t exception_count, struct km_lines *lines, uint32_t *tree);

/* The same of struct km_v6_host_node over all 64 bits; below the first flip there are none. */
int km_v6_host_tree_build(const uint64_t *flips, size_t count, struct km_lines *lines, uint32_t *tree);

#endif
