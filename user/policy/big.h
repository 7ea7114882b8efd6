/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_BIG_H
#define KM_BIG_H

#include <stddef.h>

/*
 * Memory for an array that a long list makes large: on huge pages where the system lets a program ask for them, since a
 * fault for each 4 KiB takes as long as what is done there. Aligned to a cache line at least; free() frees it. NULL:
 * none.
 */
void *km_big_alloc(size_t size);

#endif
