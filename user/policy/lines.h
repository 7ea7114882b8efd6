/* SPDX-License-Identifier: BSD-2-Clause */
/* An image under construction: its header, and lines, appended by whoever builds a part of it. Pure. */
#ifndef KM_LINES_H
#define KM_LINES_H

#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"

/* Zero-initialise; `data`, the header and the lines, is aligned to KM_LINE, owned, freed by km_lines_free(). */
struct km_lines {
	unsigned char *data;
	uint32_t count, room; /* lines */
};

/* Makes room for n more lines, so that they can be added without a copy. 0, -ENOMEM or -E2BIG (KM_LINES_MAX_BYTES). */
int km_lines_reserve(struct km_lines *lines, uint32_t n);

/* Appends n zeroed lines; line number of the first in *line. May move `data`. 0, -ENOMEM or -E2BIG. */
int km_lines_add(struct km_lines *lines, uint32_t n, uint32_t *line);

void km_lines_free(struct km_lines *lines);

/* Where a line is, until the next one is added. */
static inline void *km_lines_at(const struct km_lines *lines, uint32_t line)
{
	return lines->data + KM_IMAGE_BYTES((size_t)line * KM_LINE);
}

/* Bytes of the image so far. */
static inline size_t km_lines_image_bytes(const struct km_lines *lines)
{
	return KM_IMAGE_BYTES((size_t)lines->count * KM_LINE);
}

#endif
