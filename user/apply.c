/* SPDX-License-Identifier: BSD-2-Clause */
#include "apply.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "enforce.h"
#include "facts.h"
#include "host/bpffs.h"
#include "host/kept.h"
#include "host/source.h"
#include "kernel/book.h"
#include "policy/policy.h"
#include "version.h"

/* One run of the transaction: what it holds while it holds the lock. */
struct run {
	const struct km_target *target;
	enum km_apply_how how;
	struct km_pins pins;
	int lock;
	struct km_hold hold;
	bool have_book;
	struct km_book book;
	struct km_state state;
	struct km_name_row *rows; /* KM_SLOTS, as they were */
	struct km_host host;
	struct km_policy policy;
};

static bool starts(enum km_apply_how how)
{
	return how == KM_APPLY_LOAD || how == KM_APPLY_START;
}

/* Pins that somebody removed, as far as the kernel still has what they were of: the counts above all. */
static int put_back(struct run *run, struct km_err *err)
{
	km_hold_look(&run->hold, &run->pins);
	return km_hold_put_back(&run->hold, &run->pins, err);
}

static int begin(struct run *run, struct km_err *err)
{
	bool create = starts(run->how);
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
	r = km_book_state(&run->book, &run->state, err);
	if (r)
		return r;
	if (!run->state.generation && run->how == KM_APPLY_RELOAD)
		return km_fail(err, ENOENT, "instance '%s' has no policy in force: `kubemoat load` first",
			       run->target->name);
	run->state.magic = KM_STATE_MAGIC;
	run->state.layout = KM_LAYOUT;
	run->rows = calloc(KM_SLOTS, sizeof(*run->rows));
	if (!run->rows)
		return km_fail(err, ENOMEM, "no memory");
	r = km_book_names(&run->book, run->rows, err);
	return r ? r : km_host_open(run->target->netns, &run->host, err);
}

static void end(struct run *run)
{
	km_policy_free(&run->policy);
	km_host_close(&run->host);
	free(run->rows);
	if (run->have_book)
		km_book_close(&run->book);
	km_hold_close(&run->hold);
	if (run->lock >= 0)
		close(run->lock);
	km_pins_close(&run->pins);
}

/* A list that has rules in force and would have none: a writer was seen half-way. Its service, or -1. */
static int emptied(const struct run *run)
{
	for (unsigned s = 0; s < run->policy.config.service_count; s++) {
		for (size_t i = 0; i < KM_SLOTS; i++) {
			if (!strcmp(run->rows[i].name, run->policy.config.services[s].name) && run->rows[i].in_force &&
			    run->rows[i].written && !run->policy.rules[s].written)
				return s;
		}
	}
	return -1;
}

/* After a boot there are no rows yet: what the lists had is what the kept files say. */
static void recall_kept(struct run *run)
{
	struct km_bundle kept = {0};
	struct km_policy policy = {0};
	struct km_diags diags = {0};
	uint64_t generation;

	if (!km_kept_read(run->target->name, false, &kept, &generation, NULL) &&
	    !km_policy_build(&kept, NULL, &policy, &diags)) {
		for (unsigned s = 0; s < policy.config.service_count; s++) {
			memcpy(run->rows[s].name, policy.config.services[s].name, sizeof(run->rows[s].name));
			run->rows[s].in_force = 1;
			run->rows[s].written = policy.rules[s].written;
		}
	}
	km_policy_free(&policy);
	km_diags_free(&diags);
	km_bundle_free(&kept);
}

/* The first error as one line, for `status` and the log. */
static void first_error(const struct km_bundle *bundle, struct km_diags *diags, char text[1024])
{
	km_diags_sort(diags);
	if (diags->count && diags->list[0].severity == KM_ERROR_DIAG)
		snprintf(text, 1024, "%s:%u:%u: %s", bundle->files[diags->list[0].file].name, diags->list[0].line,
			 diags->list[0].column, diags->list[0].message);
	else
		snprintf(text, 1024, "no memory to check the files");
}

/*
 * Reads and judges the files of -c. *usable: they may be put in force. Else the refusal is in the state, and every
 * reason in outcome->diags.
 */
static int judge_files(struct run *run, struct km_outcome *outcome, bool *usable, struct km_err *err)
{
	struct km_state *state = &run->state;
	bool boot = !state->generation;
	int service, r = km_source_read(run->target->config, &outcome->bundle, err);

	*usable = false;
	if (r)
		return r;
	if (run->how == KM_APPLY_AUTO && !boot) {
		if (!memcmp(outcome->bundle.hash, state->refused_hash, sizeof(state->refused_hash)))
			return 0;
		if (!memcmp(outcome->bundle.hash, state->hash, sizeof(state->hash)) && !*state->refusal)
			return 0;
	}
	r = km_policy_build(&outcome->bundle, &run->host.facts, &run->policy, &outcome->diags);
	if (r)
		return km_fail(err, -r, "no memory to read the files");
	if (boot && starts(run->how))
		recall_kept(run);
	/* "No file means audit" holds only where nothing was ever in force. */
	if (!run->policy.config.present && !outcome->diags.errors && (!boot || run->rows[0].in_force))
		km_diag_error(&outcome->diags, 0, 1, 1,
			      "the configuration is gone; put it back, or take the guard away with `kubemoat unload`");
	if (starts(run->how) && !outcome->diags.errors &&
	    !memcmp(outcome->bundle.hash, state->refused_hash, sizeof(state->refused_hash)) && *state->refusal)
		km_diag_error(&outcome->diags, 0, 1, 1,
			      "these files were refused before (%s); change them, or type `kubemoat reload`",
			      state->refusal);
	if (run->how == KM_APPLY_AUTO || run->how == KM_APPLY_START || (boot && run->how == KM_APPLY_LOAD)) {
		service = emptied(run);
		if (service >= 0 && !outcome->diags.errors)
			km_diag_error(&outcome->diags, 0, 1, 1,
				      "service '%s' would be left without a rule: was a list truncated? Type `kubemoat "
				      "reload`, "
				      "or write `!@any`, if that is meant",
				      run->policy.config.services[service].name);
	}
	*usable = !outcome->diags.errors && !outcome->diags.no_memory;
	if (*usable)
		return 0;
	if (!*state->refusal || memcmp(outcome->bundle.hash, state->refused_hash, sizeof(state->refused_hash))) {
		first_error(&outcome->bundle, &outcome->diags, state->refusal);
		memcpy(state->refused_hash, outcome->bundle.hash, sizeof(state->refused_hash));
		state->refused_at = run->host.facts.now;
	}
	state->reload_failures++;
	return 0;
}

/* The policy of the kept files into run->policy: 0, -ENOENT where there is none that can be used. */
static int take_kept(struct run *run, struct km_bundle *kept, struct km_err *err)
{
	struct km_diags diags = {0};
	uint64_t generation;
	int r = km_kept_read(run->target->name, false, kept, &generation, err);

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

/* Puts run->policy in force and remembers it. `bundle` is what it was made of; `again`: it is in force already. */
static int put_in_force(struct run *run, const struct km_bundle *bundle, bool again, struct km_outcome *outcome,
			struct km_err *err)
{
	struct km_name_row *rows = malloc(KM_SLOTS * sizeof(*rows));
	uint64_t generation = run->state.generation + !again;
	const struct km_enforce enforce = {
		.target = run->target,
		.pins = &run->pins,
		.hold = &run->hold,
		.book = &run->book,
		.host = &run->host,
		.policy = &run->policy,
		.programs = starts(run->how),
		.generation = generation,
		.state = &run->state,
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
	if (starts(run->how))
		run->state.adopted = outcome->adopted;
	run->state.leaving = 0;
	run->state.generation = generation;
	if (!again)
		run->state.loaded_at = run->host.facts.now;
	memcpy(run->state.hash, bundle->hash, sizeof(run->state.hash));
	snprintf(run->state.version, sizeof(run->state.version), "%s", KM_VERSION);
	snprintf(run->state.config, sizeof(run->state.config), "%s", run->target->config);
	outcome->next_until = run->policy.next_until;
	outcome->metrics = run->policy.config.metrics;
	if (!*outcome->notice && starts(run->how) && km_bpffs_private(run->target->bpffs))
		snprintf(outcome->notice, sizeof(outcome->notice),
			 "%.200s is a BPF file system of this mount namespace alone, the guard ends with it: mount the "
			 "host's "
			 "(in a pod the hostPath /sys/fs/bpf, mountPropagation: HostToContainer; bpffs made by `mount "
			 "-t bpf` "
			 "on the host)",
			 run->target->bpffs);
	if (km_kept_write(run->target->name, bundle, generation, &kept_err))
		snprintf(outcome->notice, sizeof(outcome->notice), "%s", kept_err.text);
	return 0;
}

static int transact(struct run *run, struct km_outcome *outcome, struct km_err *err)
{
	struct km_bundle kept = {0};
	bool usable = false, again;
	int r;

	if (run->how == KM_APPLY_TIMER) {
		r = take_kept(run, &kept, err);
		if (!r)
			r = put_in_force(run, &kept, true, outcome, err);
		outcome->result = KM_APPLIED;
		km_bundle_free(&kept);
		return r;
	}
	outcome->result = KM_UNCHANGED;
	r = judge_files(run, outcome, &usable, err);
	if (r)
		return r;
	if (usable) {
		/* A typed reload is a new generation whatever the files say. */
		again = run->how != KM_APPLY_RELOAD && run->state.generation &&
			!memcmp(outcome->bundle.hash, run->state.hash, sizeof(run->state.hash));
		r = put_in_force(run, &outcome->bundle, again, outcome, err);
		if (r)
			return r;
		*run->state.refusal = 0;
		memset(run->state.refused_hash, 0, sizeof(run->state.refused_hash));
		run->state.kept = 0;
		outcome->result = KM_APPLIED;
		return 0;
	}
	if (!outcome->diags.errors && !outcome->diags.no_memory)
		return 0;
	outcome->result = KM_REFUSED;
	if (!starts(run->how))
		return 0;
	outcome->result = KM_NOTHING;
	if (take_kept(run, &kept, NULL)) {
		km_bundle_free(&kept);
		return 0;
	}
	r = put_in_force(run, &kept, run->state.generation > 0, outcome, err);
	km_bundle_free(&kept);
	run->state.kept = 1;
	outcome->result = KM_APPLIED_KEPT;
	return r;
}

/* What a first load that came to nothing left behind: no layer may stay alone. A daemon that waits for files stays. */
static void clear_away(struct run *run)
{
	KM_AUTO_CLOSE int idle = -1;

	km_pins_drop(&run->pins, KM_PIN_LOOKUP, NULL);
	km_pins_drop(&run->pins, KM_PIN_PACKET, NULL);
	idle = km_pins_lock_daemon(&run->pins, NULL);
	if (idle >= 0)
		km_pins_remove_all(&run->pins, NULL);
}

int km_apply(const struct km_target *target, enum km_apply_how how, struct km_outcome *outcome, struct km_err *err)
{
	struct run run = {.target = target, .how = how, .pins.dir = -1, .lock = -1, .host.netns = -1};
	int r;

	*outcome = (struct km_outcome){.next_until = KM_FOREVER};
	km_hold_init(&run.hold);
	r = begin(&run, err);
	if (!r)
		r = transact(&run, outcome, err);
	if (!r)
		r = km_book_set_state(&run.book, &run.state, err);
	outcome->generation = run.state.generation;
	if (run.have_book && !run.state.generation && starts(how))
		clear_away(&run);
	end(&run);
	return r;
}

void km_outcome_free(struct km_outcome *outcome)
{
	km_bundle_free(&outcome->bundle);
	km_diags_free(&outcome->diags);
}
