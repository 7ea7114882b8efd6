/* SPDX-License-Identifier: BSD-2-Clause */
/* How much memory this process may still use: its cgroup's limit and those above, of either version. */
#ifndef KM_MEMORY_H
#define KM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

struct km_memory {
	bool limited;
	uint64_t limit; /* bytes; of the limit that leaves least */
	uint64_t room;	/* bytes left of it; file pages that nobody uses count as left */
};

/* What cannot be read is no limit. Maps of the kernel are charged to the same cgroup. */
void km_memory_read(struct km_memory *memory);

#endif
