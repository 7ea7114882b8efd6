/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an instance remembers beside its programs: its state, and which service counts in which slot. Two pinned maps
 * that only user space reads and writes, always under the writer's lock.
 */
#ifndef KM_BOOK_H
#define KM_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kernel/pins.h"
#include "kubemoat.h"

#define KM_STATE_MAGIC 0x6b6d7374 /* "kmst" */

/* The kinds of problems, in the order of their counts in the state: only ever appended to. */
#define KM_KINDS 9
#define KM_KINDS_ROOM 16
extern const char *const km_kinds[KM_KINDS];

/*
 * The one value of the map `state`. The fields up to `daemon_pid` never move: any version can read them, and takes them
 * over from another.
 */
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
	uint32_t kept;		  /* running from the kept files, because those of -c are invalid */
	uint32_t adopted;	  /* the last load found the links in place */
	uint32_t packet_layer;	  /* wanted by the policy in force */
	uint32_t relied;	  /* the image in force says KM_PACKET_LAYER */
	char version[32];	  /* of the kubemoat that wrote the policy */
	char config[1024];	  /* absolute path of -c */
	char cgroup[1024];	  /* path attached to, as its loader saw it */
	char refusal[1024];	  /* why the files were refused, first error; empty: not */
	uint64_t trial_at;	  /* a trial goes back then, CLOCK_BOOTTIME ns; 0: none is pending */
	uint64_t back_generation; /* to what: of the accepted policy */
	int64_t back_loaded_at;
	unsigned char back_hash[32];
	uint32_t rolled_back;	  /* the files refused last were a trial that nobody accepted */
	uint32_t clock_doubted;	  /* the clock was behind `latest`: timed permissions count as over */
	uint64_t last_generation; /* given to any policy, rolled back ones too */
	int64_t latest;		  /* latest CLOCK_REALTIME ns seen */
	int64_t clock_offset;	  /* largest CLOCK_REALTIME - CLOCK_BOOTTIME seen, ns; 0: never read */
#ifdef KM_LAYOUT_TEST
	uint64_t another_layout;
#endif
	uint64_t noticed[KM_KINDS_ROOM]; /* times that a daemon saw a problem of km_kinds[i] come */
};

#define KM_STATE_HEAD offsetof(struct km_state, kept)

/* A row of the map `names` (KM_SLOTS rows): which service counts in that slot. The name never moves. */
struct km_name_row {
	char name[KM_NAME_MAX + 1]; /* empty: free */
#ifdef KM_LAYOUT_TEST
	char another_layout[8];
#endif
	uint8_t in_force; /* in the policy in force */
	uint8_t enforce;
	uint8_t drop;
	uint32_t port_count;
	uint16_t ports[KM_PORTS];
	uint64_t rules[KM_FAMILIES]; /* prefixes in force, as written */
	uint64_t written;	     /* lines that hold a rule */
};

/*
 * Opens or creates (first load) the maps `state` and `names`. Another layout: with `create` what it has in common with
 * this one is taken over into maps that are not pinned yet, else -EPROTO says which it is.
 */
struct km_book {
	int state, names; /* map file descriptors */
	bool taken_over;  /* to be pinned when all else is: km_book_pin() */
};
int km_book_pin(const struct km_pins *pins, struct km_book *book, struct km_err *err);
int km_book_open(const struct km_pins *pins, bool create, struct km_book *book, struct km_err *err);
void km_book_close(struct km_book *book);
/* The state of an instance, to look at once. 0, -ENOENT: not loaded, or -errno with *err. */
int km_book_peek(const char *bpffs, const char *name, struct km_state *state, struct km_err *err);
/* A state map of any layout. */
bool km_book_is_ours(int state_map);
/* A state map, pinned or not, is of this layout: 0, else -EPROTO as above. */
int km_book_check_layout(int state_map, struct km_err *err);
int km_book_state(const struct km_book *book, struct km_state *state, struct km_err *err);
int km_book_set_state(const struct km_book *book, const struct km_state *state, struct km_err *err);
int km_book_names(const struct km_book *book, struct km_name_row rows[KM_SLOTS], struct km_err *err);
int km_book_set_names(const struct km_book *book, const struct km_name_row rows[KM_SLOTS], struct km_err *err);

/*
 * Asks a daemon of any version to go: sets `leaving`, which never moves, in whatever state is pinned. Nothing pinned:
 * nothing to ask.
 */
void km_book_ask_to_leave(const struct km_pins *pins);
/* Pid of the daemon that wrote itself down, 0: unknown. */
uint32_t km_book_daemon_pid(const struct km_pins *pins);

#endif
