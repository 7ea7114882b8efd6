/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one transaction that changes what is in force:
 * lock, read the files, policy, facts, limits, compile, attach, push, remember, cut. Whatever fails leaves the last
 * policy in force.
 */
#ifndef KM_APPLY_H
#define KM_APPLY_H

#include <stdbool.h>

#include "error.h"
#include "kernel/pins.h"
#include "policy/bundle.h"
#include "policy/diag.h"
#include "policy/endpoint.h"

struct km_target {
	const char *config; /* -c: absolute path */
	const char *name;   /* instance */
	const char *bpffs;
	const char *cgroup; /* NULL: find it */
	const char *netns;  /* NULL: the caller's */
};

enum km_apply_how {
	KM_APPLY_LOAD,	 /* typed `load`: create or adopt; invalid files: the kept ones */
	KM_APPLY_START,	 /* start of `run`: the same, but nobody typed it: refuses an emptied list */
	KM_APPLY_RELOAD, /* typed: only with something loaded; also what was refused before */
	KM_APPLY_AUTO,	 /* the daemon saw a change: skips files in force or refused, refuses an emptied list */
	KM_APPLY_TIMER,	 /* an `until` ended or own addresses changed: the policy in force again, from the kept files */
};

enum km_apply_result {
	KM_APPLIED,
	KM_UNCHANGED,	 /* AUTO: nothing new, or refused before */
	KM_REFUSED,	 /* files invalid; the last good policy stays in force */
	KM_APPLIED_KEPT, /* LOAD: files invalid, the kept policy is in force */
	KM_NO_TRIAL,	 /* accept: no policy is on trial (any more) */
	KM_NOTHING,	 /* LOAD, AUTO: files invalid and nothing kept; nothing attached */
};

struct km_outcome {
	enum km_apply_result result;
	bool adopted;		    /* links were there already */
	struct km_bundle bundle;    /* what was read from -c; the caller frees */
	struct km_diags diags;	    /* errors and warnings of those files; the caller frees */
	uint64_t generation;	    /* in force now */
	int64_t next_until;	    /* when it changes by itself, CLOCK_REALTIME ns; KM_FOREVER: never */
	int64_t trial_until;	    /* on trial until then, CLOCK_REALTIME ns; 0: not on trial */
	struct km_endpoint metrics; /* of the policy put in force; port 0: none was */
	size_t cut;		    /* connections ended, because their source is no longer allowed */
	char notice[768];	    /* one line worth telling that is no error ("cgroup … covers …"); "" */
};

/* 0 with *outcome filled, or -errno with *err where it could not be done at all (exit 3). */
int km_apply(const struct km_target *target, enum km_apply_how how, struct km_outcome *outcome, struct km_err *err);

/* A typed `reload` with its options. */
struct km_reload {
	bool force;	  /* however many connections it cuts */
	bool accept;	  /* reads no file: what is on trial stays */
	uint64_t confirm; /* ns: on trial for so long, then back by itself unless accepted; 0: not on trial */
};
int km_reload(const struct km_target *target, const struct km_reload *reload, struct km_outcome *outcome,
	      struct km_err *err);

/*
 * For those who report: where a trial has gone back by itself and nobody has written that down yet, does so. Needs no
 * daemon; failing is no error.
 */
void km_settle(const struct km_target *target);
void km_outcome_free(struct km_outcome *outcome);

/* Takes the instance away: asks a daemon to go (5 s, else -ETIMEDOUT naming its pid), then links, maps, programs and
 * the kept files. 0 also if there was nothing; *removed says whether there was. */
int km_unload(const struct km_target *target, bool *removed, struct km_err *err);
/*
 * For a daemon that was asked to go and holds nothing any more: returns when that is done, 5 s at most. In a pod with
 * the host's PIDs the runtime kills everything with the daemon, the `unload` that somebody typed there too.
 */
void km_unload_await(const struct km_target *target);

#endif
