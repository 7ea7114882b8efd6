/* SPDX-License-Identifier: BSD-2-Clause */
/* Reported denials as they come: read from the log, named by the policy in force, told. For run and drops. */
#ifndef KM_EVENTS_H
#define KM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "apply.h"
#include "error.h"
#include "inforce.h"
#include "kernel/pins.h"
#include "kernel/read.h"
#include "report/groups.h"

/* Zero-initialise. */
struct km_events {
	struct km_log_reader *reader; /* NULL: not open */
	struct km_inforce *inforce;
	struct km_groups groups;
	bool json;
	uint64_t lost;		  /* overwritten before they were read, since it was opened */
	uint64_t told_lost;	  /* as said last */
	uint64_t told_suppressed; /* left out by the limiter, as said last */
};

/* `from_start`: what is still in the log comes first. `target` must outlive it. 0 or -errno with *err. */
int km_events_open(struct km_events *events, const struct km_pins *pins, const struct km_target *target, bool json,
		   bool from_start, struct km_err *err);
void km_events_close(struct km_events *events);

/* Everything new, oldest first: *denials malloc'ed, NULL if none. 0 or -ENOMEM with *err. */
int km_events_take(struct km_events *events, struct km_denial **denials, size_t *count, struct km_err *err);

/* Tells everything new: each as an object, or in text the first of a kind at once and alike ones by their number. */
int km_events_tell(struct km_events *events, FILE *out, struct km_err *err);

/* About once a second, and with `all` at the end: tells what was held back, and says what could not be told. */
void km_events_tick(struct km_events *events, bool all, FILE *out);

#endif
