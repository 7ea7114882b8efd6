/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy on trial (`reload --confirm`): in force for a while, then the kernel goes back by the image's schedule
 * unless `reload --accept` came in time. The kept policy stays the accepted one; the files on trial are kept beside it.
 */
#ifndef KM_TRIAL_H
#define KM_TRIAL_H

#include <stdbool.h>

#include "run.h"

/* After the state was read: is a policy on trial? Settles one whose time is over: the state then says what the kernel
 * does since, and its files count as refused. */
bool km_trial_pending(struct km_run *run);

/* Reads where a trial goes back to, the kept policy, into run->back. 0 or -errno with *err. */
int km_trial_find_back(struct km_run *run, struct km_err *err);

/* The policy in force is a new trial until that moment (CLOCK_BOOTTIME ns), made of these files. */
int km_trial_begin(struct km_run *run, const struct km_bundle *bundle, bool pending, uint64_t generation,
		   uint64_t until, struct km_err *err);

/* Whatever is in force now is accepted. */
void km_trial_end(struct km_run *run);

#endif
