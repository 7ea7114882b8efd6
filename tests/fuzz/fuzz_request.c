/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the header of an HTTP request, in two pieces or in one: the same answer, and a path that is one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	struct km_request whole = {0}, pieces = {0};
	unsigned status = km_request_read(&whole, bytes, size), first = km_request_read(&pieces, bytes, size / 2);

	require((first ? first : km_request_read(&pieces, bytes, size)) == status);
	require(whole.seen <= size && whole.seen <= KM_REQUEST_MAX);
	require(!status || status == 200 || status == 400 || status == 405 || status == 431 || status == 505);
	if (status == 200) {
		require(!strcmp(whole.path, pieces.path) && whole.head == pieces.head);
		require(!*whole.path || (*whole.path == '/' && !strchr(whole.path, '?')));
	}
	return 0;
}
