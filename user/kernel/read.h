/* SPDX-License-Identifier: BSD-2-Clause */
/* Counters and log of an instance, read without disturbing it. */
#ifndef KM_READ_H
#define KM_READ_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel/pins.h"

/* Sums of all CPUs and of what user space counted, one struct a slot (KM_SLOTS of them). */
int km_read_counters(const struct km_pins *pins, struct km_counters sums[KM_SLOTS], struct km_err *err);

/* A reader of the log with a place of its own. */
struct km_log_reader;

/* from_start: events still in the log are delivered too, else only later ones. */
int km_log_open(const struct km_pins *pins, bool from_start, struct km_log_reader **reader, struct km_err *err);
void km_log_close(struct km_log_reader *reader);

/*
 * Up to `room` further events, in order of time; their number. *lost grows by what was overwritten before it could be
 * read. 0: nothing new; look again later (the log has no doorbell: every 100 ms is cheap).
 */
size_t km_log_read(struct km_log_reader *reader, struct km_event *events, size_t room, uint64_t *lost);

/* Denials that the limiter kept out of the log, of all CPUs, since the first load. As read last where it cannot be
 * read. */
uint64_t km_log_suppressed(struct km_log_reader *reader);

#endif
