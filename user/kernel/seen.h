/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources that were let in, of the last hour and longer. The programs leave each new connection's in a ring; the daemon
 * reads that several times a second into a pinned table, which outlives it. Bounds: KM_ARRIVALS new connections a CPU
 * between two readings, KM_SEEN sources in the table; beyond them the oldest are lost.
 */
#ifndef KM_KERNEL_SEEN_H
#define KM_KERNEL_SEEN_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel/pins.h"
#include "kubemoat.h"

struct km_seen_reader;

/* From now on. -ENOENT: the programs in place are older than this. 0 or -errno with *err. */
int km_seen_open(const struct km_pins *pins, struct km_seen_reader **reader, struct km_err *err);
void km_seen_close(struct km_seen_reader *reader);
/* What has come since the last call goes into the table as seen at `now`, CLOCK_BOOTTIME ns. 0 or -errno with *err. */
int km_seen_take(struct km_seen_reader *reader, int64_t now, struct km_err *err);

struct km_seen_source {
	struct km_arrival arrival;
	int64_t last; /* CLOCK_BOOTTIME ns */
};

/* The table, in no order: *list malloc'ed, NULL if it is empty or not there. 0 or -errno with *err. */
int km_seen_list(const struct km_pins *pins, struct km_seen_source **list, size_t *count, struct km_err *err);

#endif
