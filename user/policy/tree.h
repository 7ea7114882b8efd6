/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorted address ranges to the index and nodes of a set in the image (struct km_set, struct km_node in kubemoat.h);
 * the counterpart of bpf/ranges.h, which finds. Pure.
 */
#ifndef KM_TREE_H
#define KM_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"

/* Addresses first to last, both included. */
struct km_range {
	struct km_ip first, last;
};

/* Lines of an image under construction. Zero-initialise; `data` is 64-byte aligned, owned, freed by km_lines_free(). */
struct km_lines {
	unsigned char *data;
	uint32_t count, room; /* lines of KM_LINE bytes */
};

/* Appends n zeroed lines; line number of the first in *line. May move `data`. 0, -ENOMEM or -E2BIG
 * (KM_IMAGE_MAX_BYTES). */
int km_lines_add(struct km_lines *lines, uint32_t n, uint32_t *line);
void km_lines_free(struct km_lines *lines);

/*
 * Appends index and nodes for `ranges` (ascending, disjoint, not adjacent) to lines and fills *set. Lines 0 and 1 must
 * be taken already (the image's header does): as entries of an index they are answers. 0, -ENOMEM or -E2BIG.
 */
int km_tree_build(enum km_family family, const struct km_range *ranges, size_t count, struct km_lines *lines,
		  struct km_set *set);

#endif
