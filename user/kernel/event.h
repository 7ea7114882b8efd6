/* SPDX-License-Identifier: BSD-2-Clause */
/* One event in a ring: written by one, read by any number meanwhile. */
#ifndef KM_EVENT_H
#define KM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "kubemoat.h"

/* The next event of a ring that user space writes; one writer at a time. Its `seq` is made here. */
void km_event_write(struct km_log *log, const struct km_event *event);

/* Event number `number`, from 1, of a ring that has had as many. False: it was overwritten, or is being written by a
 * CPU that was stopped in the middle of it; *event may have been touched. */
bool km_event_read(const struct km_log *log, uint64_t number, struct km_event *event);

#endif
