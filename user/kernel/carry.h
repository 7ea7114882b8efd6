/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts over a change of the counters' map: what the programs before have counted becomes a base that only user space
 * writes (km_cuts.carried). For an upgrade or a downgrade whose counters have another size.
 */
#ifndef KM_CARRY_H
#define KM_CARRY_H

#include "error.h"
#include "kernel/object.h"
#include "kernel/pins.h"

/* What is pinned before new programs are loaded: held, so that it can be read when nobody writes it any more. */
struct km_carry {
	int counters, cuts; /* -1: not there */
};

void km_carry_open(const struct km_pins *pins, struct km_carry *carry);
void km_carry_close(struct km_carry *carry);

/* Once the new programs are attached and no old one runs: adds what the old maps hold, where they were not used again.
 */
int km_carry_over(const struct km_carry *carry, const struct km_object *object, struct km_err *err);

#endif
