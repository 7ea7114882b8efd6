/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kept copy of the files of the policy in force: /var/lib/kubemoat/NAME/policy (and policy.previous, the one before
 * it), one file each that holds a whole bundle. Written beside, fsynced, renamed.
 */
#ifndef KM_KEPT_H
#define KM_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "policy/bundle.h"

#define KM_KEPT_ROOT "/var/lib/kubemoat"

/* Keeps the bundle as the policy in force of that generation; the one before it becomes the previous, unless it has
 * the same hash. Directories are made 0700. 0 or -errno with *err. */
int km_kept_write(const char *name, const struct km_bundle *bundle, uint64_t generation, struct km_err *err);

/* Reads a kept bundle. -ENOENT: nothing kept. -EBADMSG: damaged, says so; a damaged
 * current one is not replaced by the previous here. */
enum km_kept_which {
	KM_KEPT_ACCEPTED, /* put in force last, trials aside */
	KM_KEPT_PREVIOUS, /* the one before it */
	KM_KEPT_TRIAL,	  /* on trial */
};
int km_kept_read(const char *name, enum km_kept_which which, struct km_bundle *bundle, uint64_t *generation,
		 struct km_err *err);

/* Keeps a policy on trial beside the accepted one, and forgets it. */
int km_kept_write_trial(const char *name, const struct km_bundle *bundle, uint64_t generation, struct km_err *err);
bool km_kept_on_trial(const char *name);
void km_kept_drop_trial(const char *name);

/* CLOCK_REALTIME ns at which the accepted policy was kept; 0: none is. */
int64_t km_kept_time(const char *name);
/* Makes it no earlier than that: what a clock that was set back has shown before is not forgotten. */
void km_kept_not_before(const char *name, int64_t wall);

/* True if a policy is kept: it was put in force, and nobody unloaded it since. */
bool km_kept_exists(const char *name);

/* Removes the kept files; the directory too, unless something else (an `off` file) is in it. 0 also if none. */
int km_kept_remove(const char *name, struct km_err *err);

/* Path of the first reason to attach nothing: "kubemoat.off" on the kernel command line, /etc/kubemoat/off,
 * /var/lib/kubemoat/off, /var/lib/kubemoat/NAME/off; or NULL. Static text or *buffer. */
const char *km_off(const char *name, char buffer[256]);

#endif
