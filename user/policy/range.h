/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_RANGE_H
#define KM_RANGE_H

#include "kubemoat.h"

/* Addresses first to last, both included. A list of them, as sets are built of: ascending, disjoint, not adjacent. */
struct km_range {
	struct km_ip first, last;
};

#endif
