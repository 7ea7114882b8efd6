/* SPDX-License-Identifier: BSD-2-Clause */
/* Other instances of kubemoat in the same BPF file system. */
#ifndef KM_NEIGHBOURS_H
#define KM_NEIGHBOURS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel/pins.h"

/*
 * Two instances may stand side by side in one network namespace, but not on one port: each would count, and answer to,
 * connections that the other decides. 0, or -EADDRINUSE with *err naming instance and port.
 */
int km_neighbours_check(const struct km_pins *pins, uint32_t netns_inode, const uint16_t *ports, size_t count,
			struct km_err *err);

/* Ids of the programs that the links of the other instances run, at most `room`; their number. */
size_t km_neighbours_programs(const struct km_pins *pins, uint32_t *ids, size_t room);

#endif
