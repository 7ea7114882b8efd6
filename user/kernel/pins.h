/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instance in bpffs: the directory <bpffs>/<name> (0700), the pins in it, its two locks and its state.
 *
 *   state, names            maps that only user space uses
 *   images, counters, denials, marks, cpus, claims, cuts, arrivals, seen   maps of the programs
 *   lookup_prog, packet_prog              programs
 *   lookup, packet                        links
 *   daemon                  a directory: what the running daemon locks
 *   NAME-new                a pin on its way: renamed over NAME, or left by a crash and removed
 */
#ifndef KM_PINS_H
#define KM_PINS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kubemoat.h"

#define KM_PIN_STATE "state"
#define KM_PIN_NAMES "names"
#define KM_PIN_IMAGES "images"
#define KM_PIN_COUNTERS "counters"
#define KM_PIN_DENIALS "denials"
#define KM_PIN_MARKS "marks"
#define KM_PIN_CPUS "cpus"
#define KM_PIN_CLAIMS "claims"
#define KM_PIN_CUTS "cuts"
#define KM_PIN_ARRIVALS "arrivals"
#define KM_PIN_SEEN "seen"
#define KM_PIN_LOOKUP_PROG "lookup_prog"
#define KM_PIN_PACKET_PROG "packet_prog"
#define KM_PIN_LOOKUP "lookup"
#define KM_PIN_PACKET "packet"

struct km_pins {
	char bpffs[512];
	char name[KM_NAME_MAX + 1];
	int dir; /* of <bpffs>/<name>, -1: not there */
};

/*
 * Opens the instance's directory; `create` makes it. Checks that `bpffs` is a BPF file system (says what to mount, and
 * that `ip netns exec` hides it), owned by root. -ENOENT without `create`: no such instance.
 */
int km_pins_open(const char *bpffs, const char *name, bool create, struct km_pins *pins, struct km_err *err);
void km_pins_close(struct km_pins *pins);

/*
 * Takes the writers' lock: waits for other writers; released by close. A file descriptor or -errno. An instance that
 * was removed meanwhile is made again (`create`) or gives -ENOENT.
 */
int km_pins_lock_writer(struct km_pins *pins, bool create, struct km_err *err);
/* Takes the daemon's lock without waiting: -EBUSY names the pid of the daemon that has it. A file descriptor. */
int km_pins_lock_daemon(const struct km_pins *pins, struct km_err *err);
/* True if the directory that `lock` is of is still the one in bpffs: a lock on one that was removed keeps nobody out.
 */
bool km_pins_daemon_lock_holds(const struct km_pins *pins, int lock);

/* A file descriptor of the pinned object, -ENOENT, or -errno with *err. */
int km_pins_get(const struct km_pins *pins, const char *pin, struct km_err *err);
/* Pins fd under that name, over what may be there: pinned beside, then renamed. */
int km_pins_put(const struct km_pins *pins, const char *pin, int fd, struct km_err *err);
int km_pins_drop(const struct km_pins *pins, const char *pin, struct km_err *err);

/* Removes every pin and the directory. Links first: detached on return. 0 also if none. */
int km_pins_remove_all(const struct km_pins *pins, struct km_err *err);

#endif
