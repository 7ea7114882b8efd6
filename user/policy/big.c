/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/big.h"

#include <stdlib.h>
#include <sys/mman.h>

#define HUGE ((size_t)2 << 20)
#define LINE 64

void *km_big_alloc(size_t size)
{
	size_t align = size < HUGE ? LINE : HUGE, whole = (size + align - 1) & ~(align - 1);
	void *memory = whole < size ? NULL : aligned_alloc(align, whole ? whole : align);

	/* A wish: without it everything works as well. */
	if (memory && align == HUGE)
		madvise(memory, whole, MADV_HUGEPAGE);
	return memory;
}
