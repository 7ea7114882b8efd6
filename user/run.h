/* SPDX-License-Identifier: BSD-2-Clause */
/* One run of the transaction, shared by its parts: apply, judge, trial. */
#ifndef KM_RUN_H
#define KM_RUN_H

#include <stdbool.h>

#include "apply.h"
#include "facts.h"
#include "kernel/book.h"
#include "kernel/hold.h"
#include "kernel/pins.h"
#include "policy/policy.h"

/* What it holds while it holds the lock. */
struct km_run {
	const struct km_target *target;
	enum km_apply_how how;
	bool force;	  /* --force: past limits.max_cut */
	bool accept;	  /* --accept */
	uint64_t confirm; /* --confirm: ns that the trial has; 0: none asked for */
	struct km_pins pins;
	int lock;
	struct km_hold hold;
	bool have_book;
	bool have_state; /* what is in force is known */
	struct km_book book;
	struct km_state state;
	struct km_name_row *rows; /* KM_SLOTS, as they were */
	struct km_host host;
	struct km_policy policy;
	struct km_policy back; /* where a trial goes back to */
	bool over_limit;       /* what is wrong with the files is that they would cut too much */
	bool settled;	       /* a trial was found to have gone back */
	bool in_force;	       /* `policy` has come into force */
};

static inline bool km_run_starts(const struct km_run *run)
{
	return run->how == KM_APPLY_LOAD || run->how == KM_APPLY_START;
}

/* Typed, beside a guard. */
static inline bool km_run_reloads(const struct km_run *run)
{
	return run->how == KM_APPLY_RELOAD;
}

#endif
