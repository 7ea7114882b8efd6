/* SPDX-License-Identifier: BSD-2-Clause */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cut.h"
#include "enforce.h"
#include "facts.h"
#include "host/bpffs.h"
#include "host/clock.h"
#include "host/kept.h"
#include "judge.h"
#include "kernel/book.h"
#include "policy/policy.h"
#include "run.h"
#include "trial.h"
#include "version.h"

/* What time keeping may take back without anybody meaning it. */
#define CLOCK_SLACK_NS 2000000000

/* Pins that somebody removed, as far as the kernel still has what they were of: the counts above all. */
static int put_back(struct km_run *run, struct km_err *err)
{
	km_hold_look(&run->hold, &run->pins);
	return km_hold_put_back(&run->hold, &run->pins, err);
}

/*
 * A clock that lies behind what it has shown before opens nothing: until it has caught up, timed permissions count as
 * over. Over a boot the kept policy remembers, within one the distance to the clock that nobody sets.
 */
static void watch_clock(struct km_run *run)
{
	struct km_state *state = &run->state;
	int64_t now = run->host.facts.now, boot = (int64_t)run->host.boot, kept = km_kept_time(run->target->name);
	int64_t latest = state->latest > kept ? state->latest : kept;

	if (state->clock_offset && boot + state->clock_offset > latest)
		latest = boot + state->clock_offset;
	run->host.facts.clock_doubted = now < latest - CLOCK_SLACK_NS;
	state->clock_doubted = run->host.facts.clock_doubted;
	state->latest = now > latest ? now : latest;
	if (!state->clock_offset || now - boot > state->clock_offset)
		state->clock_offset = now - boot;
}

static int begin(struct km_run *run, struct km_err *err)
{
	bool create = km_run_starts(run);
	int r = km_pins_open(run->target->bpffs, run->target->name, create, &run->pins, err);

	if (!r) {
		run->lock = km_pins_lock_writer(&run->pins, create, err);
		r = run->lock < 0 ? run->lock : 0;
	}
	if (!r)
		r = put_back(run, err);
	if (!r)
		r = km_book_open(&run->pins, create, &run->book, err);
	if (r == -ENOENT)
		return km_fail(err, ENOENT, "instance '%s' is not loaded: `kubemoat load` first", run->target->name);
	if (r)
		return r;
	run->have_book = true;
	/* The way back is in the schedule of the other layout. */
	if (run->book.taken_over && km_kept_on_trial(run->target->name))
		return km_fail(
			err, EBUSY,
			"instance '%s' has a policy on trial, by a kubemoat of another layout: let that one accept it "
			"or go back first",
			run->target->name);
	r = km_book_state(&run->book, &run->state, err);
	if (r)
		return r;
	run->have_state = true;
	if (!run->state.generation && km_run_reloads(run))
		return km_fail(err, ENOENT, "instance '%s' has no policy in force: `kubemoat load` first",
			       run->target->name);
	run->state.magic = KM_STATE_MAGIC;
	run->state.layout = KM_LAYOUT;
	run->rows = calloc(KM_SLOTS, sizeof(*run->rows));
	if (!run->rows)
		return km_fail(err, ENOMEM, "no memory");
	r = km_book_names(&run->book, run->rows, err);
	if (!r)
		r = km_host_open(run->target->netns, &run->host, err);
	if (!r)
		watch_clock(run);
	return r;
}

static void end(struct km_run *run)
{
	km_policy_free(&run->policy);
	km_policy_free(&run->back);
	km_host_close(&run->host);
	free(run->rows);
	if (run->have_book)
		km_book_close(&run->book);
	km_hold_close(&run->hold);
	if (run->lock >= 0)
		close(run->lock);
	km_pins_close(&run->pins);
}

/* The policy of the kept files into run->policy: 0, -ENOENT where there is none that can be used. */
static int take_kept(struct km_run *run, enum km_kept_which which, struct km_bundle *kept, struct km_err *err)
{
	struct km_diags diags = {0};
	uint64_t generation;
	int r = km_kept_read(run->target->name, which, kept, &generation, err);

	if (r)
		return r;
	km_policy_free(&run->policy);
	run->policy = (struct km_policy){0};
	r = km_policy_build(kept, &run->host.facts, &run->policy, &diags);
	if (!r && (diags.errors || diags.no_memory))
		r = km_fail(err, ENOENT, "the kept files of instance '%s' are no longer valid", run->target->name);
	km_diags_free(&diags);
	return r;
}

/* What is told of a policy that came into force. */
static void tell(struct km_run *run, struct km_outcome *outcome)
{
	const struct km_state *state = &run->state;

	outcome->next_until = run->policy.next_until;
	outcome->metrics = run->policy.config.metrics;
	if (state->trial_at) {
		outcome->trial_until = run->host.facts.now + (int64_t)(state->trial_at - run->host.boot);
		if (outcome->trial_until < outcome->next_until)
			outcome->next_until = outcome->trial_until;
	}
	if (state->clock_doubted) {
		outcome->next_until = state->latest;
		if (!*outcome->notice)
			snprintf(outcome->notice, sizeof(outcome->notice),
				 "the clock is behind a moment that has been: permissions with `until` count as over "
				 "until it "
				 "is set");
	}
	if (!*outcome->notice && km_run_starts(run) && km_bpffs_private(run->target->bpffs))
		snprintf(outcome->notice, sizeof(outcome->notice),
			 "%.200s is a BPF file system of this mount namespace alone, the guard ends with it: mount the "
			 "host's (in a pod the hostPath /sys/fs/bpf, mountPropagation: HostToContainer; bpffs made by "
			 "`mount -t bpf` on the host)",
			 run->target->bpffs);
}

/* How a policy comes into force. */
enum way {
	ACCEPTED, /* it is what is kept from now on */
	ON_TRIAL, /* for run->confirm; run->back is what it goes back to */
	STILL,	  /* it is in force already, on trial if one is pending */
};

/* Puts run->policy, made of `bundle`, in force under that generation and remembers it. */
static int put_in_force(struct km_run *run, const struct km_bundle *bundle, enum way way, uint64_t generation,
			struct km_outcome *outcome, struct km_err *err)
{
	struct km_name_row *rows = malloc(KM_SLOTS * sizeof(*rows));
	struct km_state *state = &run->state;
	bool pending = state->trial_at != 0, trial = way == ON_TRIAL || (way == STILL && pending);
	uint64_t until = way == ON_TRIAL ? run->host.boot + run->confirm : state->trial_at;
	const struct km_enforce enforce = {
		.target = run->target,
		.pins = &run->pins,
		.hold = &run->hold,
		.book = &run->book,
		.host = &run->host,
		.policy = &run->policy,
		.back = trial ? &run->back : NULL,
		.back_generation = pending ? state->back_generation : state->generation,
		.back_at = until,
		.programs = km_run_starts(run) && !pending,
		.generation = generation,
		.state = state,
		.rows = rows,
	};
	struct km_err kept_err;
	int r;

	if (!rows)
		return km_fail(err, ENOMEM, "no memory");
	r = km_book_names(&run->book, rows, err);
	if (!r)
		r = km_enforce(&enforce, &outcome->adopted, outcome->notice, err);
	free(rows);
	if (r) {
		km_book_set_names(&run->book, run->rows, NULL);
		return r;
	}
	run->in_force = true;
	r = km_book_pin(&run->pins, &run->book, err);
	if (r)
		return r;
	if (km_run_starts(run))
		state->adopted = outcome->adopted;
	r = way == ON_TRIAL ? km_trial_begin(run, bundle, pending, generation, until, &kept_err)
	    : trial	    ? 0
			    : km_kept_write(run->target->name, bundle, generation, &kept_err);
	if (r)
		snprintf(outcome->notice, sizeof(outcome->notice), "%s", kept_err.text);
	if (state->clock_doubted)
		km_kept_not_before(run->target->name, state->latest);
	if (!trial)
		km_trial_end(run);
	if (generation != state->generation)
		state->loaded_at = run->host.facts.now;
	/* A daemon that puts files in force while `unload` waits for it goes all the same. */
	if (km_run_starts(run))
		state->leaving = 0;
	state->generation = generation;
	if (generation > state->last_generation)
		state->last_generation = generation;
	memcpy(state->hash, bundle->hash, sizeof(state->hash));
	snprintf(state->version, sizeof(state->version), "%.*s", (int)sizeof(state->version) - 1, KM_VERSION);
	snprintf(state->config, sizeof(state->config), "%s", run->target->config);
	tell(run, outcome);
	return 0;
}

/* What is in force, again: an `until` has ended, addresses have changed, a trial has gone back, a daemon starts beside
 * one. */
static int put_again(struct km_run *run, bool pending, struct km_outcome *outcome, struct km_err *err)
{
	struct km_bundle kept = {0};
	int r = take_kept(run, pending ? KM_KEPT_TRIAL : KM_KEPT_ACCEPTED, &kept, err);

	if (!r && pending)
		r = km_trial_find_back(run, err);
	if (!r)
		r = put_in_force(run, &kept, STILL, run->state.generation, outcome, err);
	outcome->result = KM_APPLIED;
	km_bundle_free(&kept);
	return r;
}

/* From another layout: what is in force by programs of this one, then the files. Never both in one step. */
static int take_over(struct km_run *run, struct km_outcome *outcome, struct km_err *err)
{
	int r;

	if (!run->book.taken_over || !run->state.generation)
		return 0;
	r = put_again(run, false, outcome, err);
	if (r && r != -ENOENT)
		return r;
	km_policy_free(&run->policy);
	run->policy = (struct km_policy){0};
	run->in_force = false;
	km_hold_look(&run->hold, &run->pins);
	return 0;
}

static void forget_refusal(struct km_state *state)
{
	*state->refusal = 0;
	memset(state->refused_hash, 0, sizeof(state->refused_hash));
	state->rolled_back = 0;
	state->kept = 0;
}

static int accept_trial(struct km_run *run, bool pending, struct km_outcome *outcome, struct km_err *err)
{
	struct km_bundle trial = {0};
	int r;

	outcome->result = KM_NO_TRIAL;
	if (!pending)
		return 0;
	r = take_kept(run, KM_KEPT_TRIAL, &trial, err);
	if (!r)
		r = put_in_force(run, &trial, ACCEPTED, run->state.generation, outcome, err);
	if (!r) {
		forget_refusal(&run->state);
		outcome->result = KM_APPLIED;
	}
	km_bundle_free(&trial);
	return r;
}

static int put_files(struct km_run *run, struct km_outcome *outcome, struct km_err *err)
{
	/* A typed reload is a new generation whatever the files say. */
	bool again = !km_run_reloads(run) && run->state.generation &&
		     !memcmp(outcome->bundle.hash, run->state.hash, sizeof(run->state.hash));
	uint64_t generation = again ? run->state.generation : run->state.last_generation + 1;
	int r = run->confirm ? km_trial_find_back(run, err) : 0;

	if (!r)
		r = put_in_force(run, &outcome->bundle, run->confirm ? ON_TRIAL : ACCEPTED, generation, outcome, err);
	if (r)
		return r;
	forget_refusal(&run->state);
	outcome->result = KM_APPLIED;
	return 0;
}

static int transact(struct km_run *run, struct km_outcome *outcome, struct km_err *err)
{
	struct km_bundle kept = {0};
	bool usable = false, pending = km_trial_pending(run);
	int r;

	if (run->accept)
		return accept_trial(run, pending, outcome, err);
	/* While one is pending nothing changes by itself; where one has gone back, rows and connections follow first.
	 */
	if (run->how == KM_APPLY_TIMER || (run->how == KM_APPLY_START && pending) ||
	    (run->how == KM_APPLY_AUTO && run->settled))
		return put_again(run, pending, outcome, err);
	outcome->result = KM_UNCHANGED;
	if (run->how == KM_APPLY_AUTO && pending)
		return 0;
	if (!run->state.generation)
		km_trial_end(run);
	r = take_over(run, outcome, err);
	outcome->result = KM_UNCHANGED;
	if (r)
		return r;
	r = km_judge_files(run, outcome, &usable, err);
	if (r)
		return r;
	if (usable)
		return put_files(run, outcome, err);
	if (!outcome->diags.errors && !outcome->diags.no_memory)
		return 0;
	outcome->result = KM_REFUSED;
	if (!km_run_starts(run))
		return 0;
	if (!run->over_limit)
		outcome->result = KM_NOTHING;
	if (take_kept(run, KM_KEPT_ACCEPTED, &kept, NULL)) {
		km_bundle_free(&kept);
		return 0;
	}
	r = put_in_force(run, &kept, ACCEPTED, run->state.generation ?: run->state.last_generation + 1, outcome, err);
	km_bundle_free(&kept);
	/* Beside a guard `load` is a reload: what is in force is mended, and the answer is no. */
	if (run->over_limit && run->how == KM_APPLY_LOAD)
		return r;
	run->state.kept = 1;
	outcome->result = KM_APPLIED_KEPT;
	return r;
}

/* Connections whose source the policy in force does not allow. That they stay is no reason to take the policy back. */
static void cut_refused(struct km_run *run, struct km_outcome *outcome)
{
	struct km_err err = {};
	int r = km_book_names(&run->book, run->rows, &err);

	if (!r)
		r = km_refused_cut(&run->pins, &run->policy, &run->host, run->state.generation, run->rows,
				   &outcome->cut, &err);
	if (r)
		snprintf(outcome->notice, sizeof(outcome->notice), "%s", err.text);
}

/* What a first load that came to nothing left behind: no layer may stay alone. A daemon that waits for files stays. */
static void clear_away(struct km_run *run)
{
	KM_AUTO_CLOSE int idle = -1;

	km_pins_drop(&run->pins, KM_PIN_LOOKUP, NULL);
	km_pins_drop(&run->pins, KM_PIN_PACKET, NULL);
	idle = km_pins_lock_daemon(&run->pins, NULL);
	if (idle >= 0)
		km_pins_remove_all(&run->pins, NULL);
}

static int apply(struct km_run run, struct km_outcome *outcome, struct km_err *err)
{
	int r;

	*outcome = (struct km_outcome){.next_until = KM_FOREVER};
	km_hold_init(&run.hold);
	r = begin(&run, err);
	if (!r)
		r = transact(&run, outcome, err);
	if (!r)
		r = km_book_set_state(&run.book, &run.state, err);
	if (!r && run.in_force)
		cut_refused(&run, outcome);
	outcome->generation = run.state.generation;
	if (run.have_state && !run.state.generation && km_run_starts(&run))
		clear_away(&run);
	end(&run);
	return r;
}

int km_apply(const struct km_target *target, enum km_apply_how how, struct km_outcome *outcome, struct km_err *err)
{
	return apply((struct km_run){.target = target, .how = how, .pins.dir = -1, .lock = -1, .host.netns = -1},
		     outcome, err);
}

int km_reload(const struct km_target *target, const struct km_reload *reload, struct km_outcome *outcome,
	      struct km_err *err)
{
	return apply((struct km_run){.target = target,
				     .how = KM_APPLY_RELOAD,
				     .force = reload->force,
				     .accept = reload->accept,
				     .confirm = reload->confirm,
				     .pins.dir = -1,
				     .lock = -1,
				     .host.netns = -1},
		     outcome, err);
}

void km_settle(const struct km_target *target)
{
	struct km_outcome outcome = {};
	struct km_state state = {};

	km_book_peek(target->bpffs, target->name, &state, NULL);
	if (!state.trial_at || (uint64_t)km_clock_boot() < state.trial_at)
		return;
	km_apply(target, KM_APPLY_TIMER, &outcome, NULL);
	km_outcome_free(&outcome);
}

void km_outcome_free(struct km_outcome *outcome)
{
	km_bundle_free(&outcome->bundle);
	km_diags_free(&outcome->diags);
}
