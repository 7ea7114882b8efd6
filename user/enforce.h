/* SPDX-License-Identifier: BSD-2-Clause */
/* The second half of apply: a valid policy into the kernel, in the order that never opens a gap. */
#ifndef KM_ENFORCE_H
#define KM_ENFORCE_H

#include "apply.h"
#include "facts.h"
#include "kernel/book.h"
#include "kernel/hold.h"

struct km_enforce {
	const struct km_target *target;
	struct km_pins *pins;
	const struct km_hold *hold; /* what the pins are of */
	const struct km_book *book;
	const struct km_host *host;
	const struct km_policy *policy;
	const struct km_policy *back; /* of a trial: where it goes back to by itself, NULL: it does not */
	uint64_t back_generation;
	uint64_t back_at;	  /* CLOCK_BOOTTIME, ns */
	bool programs;		  /* load the programs again even if they are attached */
	uint64_t generation;	  /* of the policy */
	struct km_state *state;	  /* in and out; the caller writes it back */
	struct km_name_row *rows; /* KM_SLOTS of them; in and out; written back here */
};

/*
 * Compiles and puts in force. *adopted: both layers were attached and healthy before. *notice: a line worth telling, or
 * "". 0 or -errno with *err; then what was in force still is. Where something is in force and somebody keeps the packet
 * layer out, that is told in *notice, and the lookup refuses alone.
 */
int km_enforce(const struct km_enforce *e, bool *adopted, char notice[768], struct km_err *err);

#endif
