/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd_apply.h"
#include "daemon/daemon.h"
#include "host/clock.h"
#include "host/kept.h"
#include "host/source.h"
#include "inforce.h"
#include "policy/config.h"
#include "policy/rule.h"
#include "report/say.h"

void km_daemon_complain(struct km_daemon *daemon, const struct km_err *err)
{
	if (!strcmp(daemon->said, err->text))
		return;
	memcpy(daemon->said, err->text, sizeof(daemon->said));
	km_say("%s", err->text);
}

void km_daemon_guess_metrics(struct km_daemon *daemon)
{
	struct km_bundle bundle = {};
	struct km_config config = {};
	struct km_diags diags = {};
	struct km_err err = {};

	if (km_source_read(daemon->target->config, &bundle, &err)) {
		km_daemon_complain(daemon, &err);
		return;
	}
	if (!km_config_parse(&bundle.files[0], &config, &diags))
		daemon->metrics = config.metrics;
	km_config_free(&config);
	km_diags_free(&diags);
	km_bundle_free(&bundle);
}

static int write_pid(struct km_daemon *daemon, uint32_t pid, struct km_err *err)
{
	KM_AUTO_CLOSE int lock = km_pins_lock_writer(&daemon->pins, false, err);
	struct km_state state;
	int r;

	if (lock < 0)
		return lock;
	r = km_book_state(&daemon->book, &state, err);
	if (r)
		return r;
	state.daemon_pid = pid;
	return km_book_set_state(&daemon->book, &state, err);
}

/* The books exist from the first transaction on, the log once something is in force. */
static int open_books(struct km_daemon *daemon, struct km_err *err)
{
	int r = 0;

	if (daemon->book.state < 0) {
		struct km_book book;

		r = km_book_open(&daemon->pins, false, &book, err);
		if (r)
			return r;
		daemon->book = book;
		r = write_pid(daemon, (uint32_t)getpid(), err);
	}
	if (!r && daemon->loaded && !daemon->events.reader)
		r = km_events_open(&daemon->events, &daemon->pins, daemon->target, daemon->json, true, err);
	if (!r && daemon->loaded && !daemon->seen)
		r = km_seen_open(&daemon->pins, &daemon->seen, err);
	return r;
}

static void tell_invalid(struct km_daemon *daemon, struct km_outcome *outcome)
{
	if (!memcmp(daemon->told, outcome->bundle.hash, sizeof(daemon->told)))
		return;
	memcpy(daemon->told, outcome->bundle.hash, sizeof(daemon->told));
	km_tell_diags(outcome);
	if (outcome->result == KM_REFUSED)
		km_say("%s: %s is refused, generation %" PRIu64 " stays in force", daemon->target->name,
		       daemon->target->config, outcome->generation);
	else if (outcome->result == KM_APPLIED_KEPT)
		km_say("%s: %s is invalid, generation %" PRIu64 " in force, from the kept files", daemon->target->name,
		       daemon->target->config, outcome->generation);
	else
		km_say("%s: %s is invalid and no files are kept: nothing is attached until it is valid",
		       daemon->target->name, daemon->target->config);
}

static void take_outcome(struct km_daemon *daemon, enum km_apply_how how, struct km_outcome *outcome)
{
	struct km_err err = {};

	if (outcome->bundle.count && km_watch_set(daemon->watch, daemon->target->config, &outcome->bundle, &err))
		km_daemon_complain(daemon, &err);
	if (outcome->result == KM_UNCHANGED)
		return;
	if (outcome->result == KM_APPLIED) {
		if (how != KM_APPLY_TIMER)
			memset(daemon->told, 0, sizeof(daemon->told));
		km_tell_diags(outcome);
		if (how != KM_APPLY_TIMER)
			km_say("%s: generation %" PRIu64 " in force", daemon->target->name, outcome->generation);
	} else {
		tell_invalid(daemon, outcome);
	}
	if (outcome->cut)
		km_say("%s: %zu connection%s cut, the source is no longer allowed", daemon->target->name, outcome->cut,
		       outcome->cut == 1 ? "" : "s");
	if (outcome->result == KM_APPLIED || outcome->result == KM_APPLIED_KEPT) {
		daemon->loaded = true;
		daemon->generation = outcome->generation;
		daemon->next_until = outcome->next_until;
		daemon->metrics = outcome->metrics;
	}
}

int km_daemon_apply(struct km_daemon *daemon, enum km_apply_how how)
{
	struct km_outcome outcome = {};
	struct km_err err = {};
	int r;

	if (daemon->loaded) {
		km_daemon_put_back(daemon);
		/* It turned out to be another daemon's: said. */
		if (daemon->lock < 0)
			return -EBUSY;
	}
	r = km_apply(daemon->target, how, &outcome, &err);
	if (!r) {
		*daemon->said = '\0';
		take_outcome(daemon, how, &outcome);
		km_hold_look(&daemon->hold, &daemon->pins);
		r = open_books(daemon, &err);
	}
	if (r)
		km_daemon_complain(daemon, &err);
	km_outcome_free(&outcome);
	return r;
}

/* Before the transaction reads them itself: a change in between is seen at the next look. */
static int take_addresses(struct km_daemon *daemon, struct km_err *err)
{
	km_host_close(&daemon->host);
	return km_host_open(daemon->target->netns, &daemon->host, err);
}

/*
 * The log of an instance that is there already, from now on: so that what its next load cuts is told, and nothing that
 * was told before. A log that the load itself makes is told from its start.
 */
static void open_log(struct km_daemon *daemon)
{
	KM_AUTO_CLOSE int cuts = km_pins_get(&daemon->pins, KM_PIN_CUTS, NULL);

	if (cuts >= 0)
		km_events_open(&daemon->events, &daemon->pins, daemon->target, daemon->json, false, NULL);
}

/* Something says off: the books are opened all the same, so that a second daemon is refused, and `unload` heard. */
static int wait_while_off(struct km_daemon *daemon, struct km_err *err)
{
	KM_AUTO_CLOSE int lock = km_pins_lock_writer(&daemon->pins, true, err);
	struct km_state state;
	struct km_book book;
	int r = lock < 0 ? lock : km_book_open(&daemon->pins, true, &book, err);

	if (r)
		return r;
	daemon->book = book;
	daemon->off = true;
	r = km_book_state(&book, &state, err);
	if (r)
		return r;
	state.magic = KM_STATE_MAGIC;
	state.layout = KM_LAYOUT;
	state.leaving = 0;
	state.daemon_pid = (uint32_t)getpid();
	return km_book_set_state(&book, &state, err);
}

static int start(struct km_daemon *daemon, struct km_err *err)
{
	int r = take_addresses(daemon, err);

	if (r)
		return r;
	open_log(daemon);
	return km_daemon_apply(daemon, KM_APPLY_START);
}

int km_daemon_enter(struct km_daemon *daemon, struct km_err *err)
{
	char buffer[256];
	bool off = km_off(daemon->target->name, buffer);
	int r = km_pins_open(daemon->target->bpffs, daemon->target->name, true, &daemon->pins, err);

	if (!r) {
		daemon->lock = km_pins_lock_daemon(&daemon->pins, err);
		r = daemon->lock < 0 ? daemon->lock : 0;
	}
	if (!r)
		r = off ? wait_while_off(daemon, err) : start(daemon, err);
	if (!r)
		return 0;
	/* Out of the transaction it was said already. */
	if (!*err->text)
		memcpy(err->text, daemon->said, sizeof(err->text));
	km_daemon_leave(daemon, false);
	/* While nothing is to be attached, nothing that attaching needs is missed. */
	if (!off || r == -EBUSY)
		return r;
	km_daemon_complain(daemon, err);
	return 0;
}

void km_daemon_look_at_off(struct km_daemon *daemon)
{
	struct km_err err = {};
	char buffer[256];

	if (daemon->off && km_pins_daemon_lock_holds(&daemon->pins, daemon->lock) &&
	    km_off(daemon->target->name, buffer))
		return;
	if (daemon->off)
		km_daemon_leave(daemon, false);
	if (daemon->pins.dir < 0 && km_daemon_enter(daemon, &err))
		km_daemon_complain(daemon, &err);
}

void km_daemon_leave(struct km_daemon *daemon, bool stopped)
{
	struct km_err err = {};

	/* What has lost its pins would end with this process. */
	if (stopped && daemon->lock >= 0)
		km_daemon_put_back(daemon);
	if (daemon->events.reader)
		km_events_tick(&daemon->events, true, stdout);
	km_events_close(&daemon->events);
	km_seen_close(daemon->seen);
	daemon->seen = NULL;
	if (daemon->book.state >= 0) {
		if (stopped && write_pid(daemon, 0, &err))
			km_say("%s", err.text);
		km_book_close(&daemon->book);
		daemon->book.state = -1;
	}
	km_hold_close(&daemon->hold);
	if (daemon->lock >= 0)
		close(KM_TAKE_FD(daemon->lock));
	km_pins_close(&daemon->pins);
	daemon->loaded = daemon->off = false;
	daemon->next_until = KM_FOREVER;
}

void km_daemon_look_at_files(struct km_daemon *daemon)
{
	if (daemon->pins.dir >= 0 && !daemon->off)
		km_daemon_apply(daemon, daemon->loaded ? KM_APPLY_AUTO : KM_APPLY_START);
}

/* Another command has put a policy in force: when it changes by itself is in its files. */
static void take_over(struct km_daemon *daemon, const struct km_state *state)
{
	struct km_facts facts = {.now = km_clock_wall()};
	struct km_ruling ruling = {};
	struct km_err err = {};

	daemon->generation = state->generation;
	km_hold_look(&daemon->hold, &daemon->pins);
	if (km_ruling_kept(daemon->target->name, false, &facts, &ruling, &err)) {
		km_daemon_complain(daemon, &err);
	} else {
		daemon->next_until = ruling.policy.next_until;
		daemon->metrics = ruling.policy.config.metrics;
		if (state->trial_at) {
			int64_t end = facts.now + (int64_t)(state->trial_at - (uint64_t)km_clock_boot());

			if (end < daemon->next_until)
				daemon->next_until = end;
		}
	}
	km_ruling_free(&ruling);
	km_say("%s: generation %" PRIu64 " in force%s, by another command", daemon->target->name, state->generation,
	       state->trial_at ? " on trial" : "");
}

bool km_daemon_read_book(struct km_daemon *daemon)
{
	struct km_state state;
	struct km_err err = {};

	if (daemon->book.state < 0)
		return true;
	if (km_book_state(&daemon->book, &state, &err)) {
		km_daemon_complain(daemon, &err);
		return true;
	}
	if (state.leaving)
		return false;
	if (!daemon->off && state.generation != daemon->generation)
		take_over(daemon, &state);
	return true;
}
