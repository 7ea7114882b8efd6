/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of an HTTP/1 request, read as its bytes come: method and path, and whether it is one at all. Pure. */
#ifndef KM_REQUEST_H
#define KM_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define KM_REQUEST_MAX 8192 /* bytes of a header */
#define KM_REQUEST_PATH 64

/* Zero-initialise. */
struct km_request {
	bool head;		    /* HEAD, not GET */
	char path[KM_REQUEST_PATH]; /* without the query, as sent; empty: longer than any that there is */
	size_t seen;		    /* bytes looked at */
	bool in_line;		    /* the last line has bytes */
};

/*
 * Looks at `size` bytes, those of the call before first. 0: the header goes on, call again with more. 200: it is
 * complete and asks for `path`. Else the HTTP status that says what is wrong with it.
 */
unsigned km_request_read(struct km_request *request, const char *bytes, size_t size);

#endif
