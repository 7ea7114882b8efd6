/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon: what run keeps between two events. loop.c waits, policy.c puts in force, health.c looks
 * after it, mend.c puts back. */
#ifndef KM_DAEMON_H
#define KM_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apply.h"
#include "daemon/events.h"
#include "daemon/troubles.h"
#include "error.h"
#include "facts.h"
#include "host/watch.h"
#include "kernel/book.h"
#include "kernel/hold.h"
#include "kernel/pins.h"
#include "kernel/seen.h"
#include "policy/endpoint.h"

struct km_daemon {
	const struct km_target *target;
	bool json;

	struct km_pins pins; /* dir -1: not entered, because it could not be */
	int lock;	     /* of the daemon; -1 like the above */
	struct km_book book; /* state -1: likewise */
	struct km_hold hold; /* all that belongs to the instance: stays with us when its pins go */
	bool off;	     /* something said so when it entered: nothing is put in force or looked after */
	bool loaded;
	uint64_t generation;	    /* in force, as far as we know */
	int64_t next_until;	    /* CLOCK_REALTIME ns, KM_FOREVER: none */
	struct km_endpoint metrics; /* where to serve them, as the policy in force says; port 0: not known yet */
	unsigned char told[32];	    /* hash of the invalid files that were told of last */
	struct km_host host;	    /* its addresses as of the last transaction */

	struct km_watch *watch;
	struct km_events events;
	struct km_seen_reader *seen; /* NULL: not open */
	struct km_troubles troubles;
	struct km_status status; /* of the last look: large */
	unsigned looks;
	bool tried_coverage; /* to make the image agree with tried_covers */
	bool tried_covers;
	uint64_t noticed[KM_KINDS_ROOM];  /* problems that came, not in the state yet */
	char said[sizeof(struct km_err)]; /* the error said last: each is said once in a row */
};

/* policy.c */

/*
 * Becomes the instance's daemon and loads; where something says off, it becomes it, as far as it can, and waits. 0 or
 * -errno with *err: -EBUSY, there is a daemon.
 */
int km_daemon_enter(struct km_daemon *daemon, struct km_err *err);
/* Lets go of the instance, which stays as it is; `stopped`: its books no longer name this daemon. */
void km_daemon_leave(struct km_daemon *daemon, bool stopped);
/* While it waits, or has not entered: again, once nothing says off any more. */
void km_daemon_look_at_off(struct km_daemon *daemon);
/* One transaction; what comes of it is said, and what follows from it done. 0 or -errno, said. */
int km_daemon_apply(struct km_daemon *daemon, enum km_apply_how how);
/* The files may be other ones: AUTO, or START until something is in force. */
void km_daemon_look_at_files(struct km_daemon *daemon);
/* Looks into the books for what other commands did. False: the daemon is asked to go. */
bool km_daemon_read_book(struct km_daemon *daemon);
/* Nothing is in force: serves where the files say, as far as they can be understood. */
void km_daemon_guess_metrics(struct km_daemon *daemon);
/* Says it, unless it was what was said last. */
void km_daemon_complain(struct km_daemon *daemon, const struct km_err *err);

/* health.c */

/* Problems as they come and go; mends what can be mended; own addresses; a missed `until`; `off` taken away. */
void km_daemon_look_after(struct km_daemon *daemon);
/* Of this the pins alone, where one is gone: before something else is done with them. */
void km_daemon_put_back(struct km_daemon *daemon);

/* mend.c */

/*
 * Puts back pins from what is held, the directory and the daemon's lock in it too; `attach`: attaches again what
 * daemon->status says is not attached. Where another daemon has come meanwhile this one leaves. What cannot be done is
 * said.
 */
void km_daemon_mend(struct km_daemon *daemon, bool attach);

/* loop.c */

/* Until it is stopped or asked to go. Returns an exit status. */
int km_daemon_run(const struct km_target *target, bool json, bool detach_on_exit);

#endif
