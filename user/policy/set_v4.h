/* SPDX-License-Identifier: BSD-2-Clause */
/* Sorted IPv4 ranges to a set of the image; the counterpart of bpf/set_v4.h, which finds and has the drawing. Pure. */
#ifndef KM_SET_V4_BUILD_H
#define KM_SET_V4_BUILD_H

#include <stddef.h>

#include "policy/lines.h"
#include "policy/range.h"

/* What the IPv4 sets of one image share, as line numbers; zero-initialise. */
struct km_v4_shared {
	uint32_t padding; /* a line without a boundary */
	uint32_t whole;	  /* the page of an /8 that is all in */
};

/*
 * Appends what `ranges` need to lines and fills the set's root. Line 0 must be taken already. 0, -ENOMEM or -E2BIG.
 */
int km_set_v4_build(const struct km_range *ranges, size_t count, struct km_lines *lines, struct km_v4_shared *shared,
		    uint32_t root[KM_V4_ROOT]);

#endif
