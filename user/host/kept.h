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

/* Reads the kept bundle (previous: the one before it). -ENOENT: nothing kept. -EBADMSG: damaged, says so; a damaged
 * current one is not replaced by the previous here. */
int km_kept_read(const char *name, bool previous, struct km_bundle *bundle, uint64_t *generation, struct km_err *err);

/* True if a policy is kept: it was put in force, and nobody unloaded it since. */
bool km_kept_exists(const char *name);

/* Removes the kept files; the directory too, unless something else (an `off` file) is in it. 0 also if none. */
int km_kept_remove(const char *name, struct km_err *err);

/* Path of the first reason to attach nothing: "kubemoat.off" on the kernel command line, /etc/kubemoat/off,
 * /var/lib/kubemoat/off, /var/lib/kubemoat/NAME/off; or NULL. Static text or *buffer. */
const char *km_off(const char *name, char buffer[256]);

#endif
