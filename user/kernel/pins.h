/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An instance in bpffs: the directory <bpffs>/<name> (0700), the pins in it, its two locks and its state.
 *
 *   state, names            maps that only user space uses
 *   images, counters, log, marks, notes   maps of the programs
 *   lookup_prog, packet_prog              programs
 *   lookup, packet                        links
 *   NAME-new                              a pin on its way: renamed over NAME, or left by a crash and removed
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
#define KM_PIN_LOG "log"
#define KM_PIN_MARKS "marks"
#define KM_PIN_NOTES "notes"
#define KM_PIN_LOOKUP_PROG "lookup_prog"
#define KM_PIN_PACKET_PROG "packet_prog"
#define KM_PIN_LOOKUP "lookup"
#define KM_PIN_PACKET "packet"

#define KM_STATE_MAGIC 0x6b6d7374 /* "kmst" */

/* The one value of the map `state`. The first three fields never move: any version can read them. */
struct km_state {
	uint32_t magic;
	uint32_t layout;
	uint32_t netns_inode;		/* guarded namespace */
	uint32_t leaving;		/* `unload` asks the daemon to go */
	uint64_t generation;		/* of the policy in force; 0: none yet */
	int64_t loaded_at;		/* CLOCK_REALTIME ns, when that generation came into force */
	unsigned char hash[32];		/* of its files */
	unsigned char refused_hash[32]; /* of the files refused last; all 0: none */
	int64_t refused_at;
	uint64_t reload_failures;
	uint32_t daemon_pid;
	uint32_t kept;	       /* running from the kept files, because those of -c are invalid */
	uint32_t adopted;      /* the last load found the links in place */
	uint32_t packet_layer; /* wanted by the policy in force */
	uint32_t image_bytes;  /* size class of the image map */
	char version[32];      /* of the kubemoat that wrote the policy */
	char config[1024];     /* absolute path of -c */
	char cgroup[1024];     /* path attached to, as its loader saw it */
	char refusal[1024];    /* why the files were refused, first error; empty: not */
};

/* A row of the map `names` (KM_SLOTS rows): which service counts in that slot. */
struct km_name_row {
	char name[KM_NAME_MAX + 1]; /* empty: free */
	uint8_t in_force;	    /* in the policy in force */
	uint8_t enforce;
	uint8_t drop;
	uint32_t port_count;
	uint16_t ports[KM_PORTS];
	uint64_t rules[KM_FAMILIES]; /* prefixes in force, as written */
	uint64_t written;	     /* lines that hold a rule */
};

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

/* Takes the writers' lock: waits for other writers; released by close. A file descriptor or -errno. */
int km_pins_lock_writer(const struct km_pins *pins, struct km_err *err);
/* Takes the daemon's lock without waiting: -EBUSY names the pid of the daemon that has it. A file descriptor. */
int km_pins_lock_daemon(const struct km_pins *pins, struct km_err *err);

/* A file descriptor of the pinned object, -ENOENT, or -errno with *err. */
int km_pins_get(const struct km_pins *pins, const char *pin, struct km_err *err);
/* Pins fd under that name, over what may be there: pinned beside, then renamed. */
int km_pins_put(const struct km_pins *pins, const char *pin, int fd, struct km_err *err);
int km_pins_drop(const struct km_pins *pins, const char *pin, struct km_err *err);

/* Removes every pin and the directory. Links first (detached as the last reference goes). 0 also if none. */
int km_pins_remove_all(const struct km_pins *pins, struct km_err *err);

/* Opens or creates (first load) the maps `state` and `names`. -EPROTO: another layout, says which. */
struct km_book {
	int state, names; /* map file descriptors */
};
int km_book_open(const struct km_pins *pins, bool create, struct km_book *book, struct km_err *err);
void km_book_close(struct km_book *book);
int km_book_state(const struct km_book *book, struct km_state *state, struct km_err *err);
int km_book_set_state(const struct km_book *book, const struct km_state *state, struct km_err *err);
int km_book_names(const struct km_book *book, struct km_name_row rows[KM_SLOTS], struct km_err *err);
int km_book_set_names(const struct km_book *book, const struct km_name_row rows[KM_SLOTS], struct km_err *err);

#endif
