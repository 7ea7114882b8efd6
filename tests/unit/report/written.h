/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report writes, as a string, for comparison. */
#ifndef KM_TEST_WRITTEN_H
#define KM_TEST_WRITTEN_H

#include <stdio.h>
#include <stdlib.h>

struct written {
	char *text; /* after written_end() */
	size_t size;
	FILE *out;
};

static inline FILE *written_begin(struct written *written)
{
	written->text = NULL;
	written->out = open_memstream(&written->text, &written->size);
	if (!written->out)
		abort();
	return written->out;
}

static inline const char *written_end(struct written *written)
{
	fclose(written->out);
	return written->text;
}

#endif
