/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What user space counts and reports of connections that it cut: pinned beside what the programs count, read together
 * with it (kernel/read.h). Only under the writers' lock.
 */
#ifndef KM_CUTS_H
#define KM_CUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel/pins.h"
#include "kubemoat.h"

/* Initialise with km_cut_books_open(). */
struct km_cut_books {
	struct km_cuts *cuts; /* mapped; NULL: not open */
	int claims;
};

/* -ENOENT: the programs in place are older than this, and have none. 0 or -errno with *err. */
int km_cut_books_open(const struct km_pins *pins, struct km_cut_books *books, struct km_err *err);
void km_cut_books_close(struct km_cut_books *books);

/* True if the end of the connection is the caller's to count: the packet layer has not counted it, and will not. */
bool km_cut_claim(const struct km_cut_books *books, const struct km_claim *claim);
/* Leaves it to the packet layer after all. */
void km_cut_disclaim(const struct km_cut_books *books, const struct km_claim *claim);
/* Counts and reports a claimed end, under the service's slot. The sequence number of `event` is filled in here. */
void km_cut_count(const struct km_cut_books *books, const struct km_event *event);

#endif
