/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that belongs to an instance, as file descriptors: from its pins, and where a pin is gone from what still
 * uses the object. A daemon holds them for as long as it lives, so that nothing of the instance goes with its pins.
 *
 * A pin that is gone is found again through its relatives: a link knows its program, a program its maps (the books are
 * bound to the programs for that), and a link that somebody holds is found by its program. Only where all of them are
 * gone is the object gone.
 */
#ifndef KM_HOLD_H
#define KM_HOLD_H

#include <stdbool.h>

#include "error.h"
#include "kernel/pins.h"

/* In the order in which they are put back: a link pinned means that all it needs is. */
enum km_held {
	KM_HELD_STATE,
	KM_HELD_NAMES,
	KM_HELD_IMAGES,
	KM_HELD_COUNTERS,
	KM_HELD_DENIALS,
	KM_HELD_MARKS,
	KM_HELD_CPUS,
	KM_HELD_CLAIMS,
	KM_HELD_CUTS,
	KM_HELD_ARRIVALS,
	KM_HELD_SEEN,
	KM_HELD_PACKET_PROG,
	KM_HELD_LOOKUP_PROG,
	KM_HELD_PACKET,
	KM_HELD_LOOKUP,
	KM_HELD_COUNT
};

extern const char *const km_held_names[KM_HELD_COUNT]; /* of their pins */

struct km_hold {
	int fd[KM_HELD_COUNT];	     /* owned; -1: not there */
	bool pinned[KM_HELD_COUNT];  /* the pin is there and is of this object */
	bool another[KM_HELD_COUNT]; /* the pin is there and is of another object than ours */
};

void km_hold_init(struct km_hold *hold);
void km_hold_close(struct km_hold *hold);

/*
 * Looks at every pin: takes what another command put there in its place, keeps what is held where the pin is gone or is
 * not one of the instance's, and finds what is not held. `pins->dir` may be -1: nothing is pinned. Looks alone; outside
 * the writers' lock it may see a change half-way. Pins of another layout are left alone: nothing is held then.
 */
void km_hold_look(struct km_hold *hold, const struct km_pins *pins);

/* True if something held is not pinned. */
bool km_hold_unpinned(const struct km_hold *hold);
/* Pins what is held and not pinned. Under the writers' lock. 0 or -errno with *err. */
int km_hold_put_back(struct km_hold *hold, const struct km_pins *pins, struct km_err *err);

/*
 * True if both programs are held, work on the maps held, and watch all that the images in there guard: what is attached
 * again from here decides alike.
 */
bool km_hold_is_whole(const struct km_hold *hold);

#endif
