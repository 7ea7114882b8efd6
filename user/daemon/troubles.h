/* SPDX-License-Identifier: BSD-2-Clause */
/* Remembers what was wrong, so that each problem is told once as it comes and once as it goes. Pure. */
#ifndef KM_TROUBLES_H
#define KM_TROUBLES_H

#include <stdbool.h>

#include "status.h"

/* Zero-initialise. */
struct km_troubles {
	struct km_problem list[KM_PROBLEMS];
	unsigned count;
};

typedef void km_troubles_tell(const struct km_problem *problem, bool gone, void *context);

/* Tells what is new in the status and what is gone from it, by kind and message. True if something is new. */
bool km_troubles_update(struct km_troubles *troubles, const struct km_status *status, km_troubles_tell *tell,
			void *context);

#endif
