/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/lines.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/big.h"

#define MAX_LINES (KM_LINES_MAX_BYTES / KM_LINE)

int km_lines_reserve(struct km_lines *lines, uint32_t n)
{
	uint32_t room = lines->room ? lines->room : KM_LINES_MIN_BYTES / KM_LINE;
	unsigned char *data;

	if (n > MAX_LINES - lines->count)
		return -E2BIG;
	if (n <= lines->room - lines->count)
		return 0;
	while (room < lines->count + n)
		room *= 2;
	data = km_big_alloc(KM_IMAGE_BYTES((size_t)room * KM_LINE));
	if (!data)
		return -ENOMEM;
	if (lines->data)
		memcpy(data, lines->data, km_lines_image_bytes(lines));
	else
		memset(data, 0, sizeof(struct km_image));
	free(lines->data);
	lines->data = data;
	lines->room = room;
	return 0;
}

int km_lines_add(struct km_lines *lines, uint32_t n, uint32_t *line)
{
	int r = km_lines_reserve(lines, n);

	if (r)
		return r;
	*line = lines->count;
	lines->count += n;
	memset(km_lines_at(lines, *line), 0, (size_t)n * KM_LINE);
	return 0;
}

void km_lines_free(struct km_lines *lines)
{
	free(lines->data);
	*lines = (struct km_lines){};
}
