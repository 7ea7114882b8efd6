/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "cleanup.h"
#include "daemon/daemon.h"
#include "host/cgroup.h"
#include "kernel/links.h"
#include "report/say.h"

/* A lock on a directory that somebody removed keeps no second daemon out. */
static int keep_lock(struct km_daemon *daemon, struct km_err *err)
{
	int lock;

	if (km_pins_daemon_lock_holds(&daemon->pins, daemon->lock))
		return 0;
	lock = km_pins_lock_daemon(&daemon->pins, err);
	if (lock < 0)
		return lock;
	close(daemon->lock);
	daemon->lock = lock;
	return 0;
}

/* The problems that came, into the state. */
static int write_noticed(struct km_daemon *daemon, struct km_state *state, struct km_err *err)
{
	const struct km_book book = {.state = daemon->hold.fd[KM_HELD_STATE], .names = -1};
	bool any = false;

	for (unsigned i = 0; i < KM_KINDS_ROOM; i++) {
		state->noticed[i] += daemon->noticed[i];
		any |= daemon->noticed[i] != 0;
		daemon->noticed[i] = 0;
	}
	return any ? km_book_set_state(&book, state, err) : 0;
}

static bool has_trouble(const struct km_hook *hook)
{
	return hook->wanted && !hook->attached;
}

/* The programs that are held, back to their hooks: the policy in force stays what it is. */
static int attach_again(struct km_daemon *daemon, const struct km_state *state, struct km_err *err)
{
	const struct km_hook *hooks = daemon->status.hooks;
	const int *fd = daemon->hold.fd;
	int r = 0;

	if (has_trouble(&hooks[0]))
		r = km_link_lookup(&daemon->pins, fd[KM_HELD_LOOKUP_PROG], daemon->host.netns, err);
	if (!r && has_trouble(&hooks[1])) {
		const char *path = daemon->target->cgroup ?: state->cgroup;
		KM_AUTO_CLOSE int cgroup = km_cgroup_open(path, err);

		r = cgroup < 0 ? cgroup : km_link_packet(&daemon->pins, fd[KM_HELD_PACKET_PROG], cgroup, path, err);
	}
	km_hold_look(&daemon->hold, &daemon->pins);
	return r;
}

/* Under the writers' lock. *again: what is held is not of one piece, only the transaction makes it so. */
static int mend_locked(struct km_daemon *daemon, bool attach, bool *again, struct km_err *err)
{
	const struct km_book book = {.state = daemon->hold.fd[KM_HELD_STATE], .names = -1};
	struct km_hook *hooks = daemon->status.hooks;
	struct km_state state;
	int r = km_book_state(&book, &state, err);

	/* `unload` is about to take away what would be put back. */
	if (r || state.leaving)
		return r;
	r = keep_lock(daemon, err);
	if (!r) {
		km_hold_look(&daemon->hold, &daemon->pins);
		r = km_hold_put_back(&daemon->hold, &daemon->pins, err);
	}
	if (!r)
		r = write_noticed(daemon, &state, err);
	if (r || !attach || !daemon->loaded || !(has_trouble(&hooks[0]) || has_trouble(&hooks[1])))
		return r;
	*again = !km_hold_is_whole(&daemon->hold);
	return *again ? 0 : attach_again(daemon, &state, err);
}

void km_daemon_mend(struct km_daemon *daemon, bool attach)
{
	struct km_err err = {};
	bool again = false;
	int r;

	{
		KM_AUTO_CLOSE int lock = km_pins_lock_writer(&daemon->pins, true, &err);

		/* Where the BPF file system is gone, that is the problem that was told. */
		if (lock < 0)
			return;
		r = mend_locked(daemon, attach, &again, &err);
	}
	if (r)
		km_daemon_complain(daemon, &err);
	/* Somebody else is this instance's daemon now. */
	if (r == -EBUSY)
		km_daemon_leave(daemon, false);
	else if (again)
		km_daemon_apply(daemon, KM_APPLY_TIMER);
}
