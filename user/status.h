/* SPDX-License-Identifier: BSD-2-Clause */
/* What an instance is doing, gathered from the kernel, its books, the host and its kept files. */
#ifndef KM_STATUS_H
#define KM_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apply.h"
#include "error.h"
#include "host/sockets.h"
#include "kernel/hold.h"
#include "kernel/links.h"
#include "kernel/book.h"
#include "kernel/pins.h"
#include "lacks.h"

#define KM_PROBLEMS 32 /* kept; listeners that are not covered can be many */
#define KM_PROBLEM_TEXT 1200

/* Why an instance is not healthy. */
struct km_problem {
	const char *kind; /* "detached", ...; the kinds of the interface */
	const char *hook; /* "sk_lookup", "cgroup_skb", or NULL */
	char message[KM_PROBLEM_TEXT];
};

struct km_status_listener {
	struct km_listener socket;
	int pid; /* 0: not seen */
	char comm[16];
	char *cgroup; /* path below the cgroup attached to; NULL: not known, or outside */
	bool covered;
};

struct km_status {
	const char *name; /* borrowed from the target */
	bool loaded;
	int64_t now;	       /* CLOCK_REALTIME, ns */
	int64_t trial_until;   /* on trial until then, CLOCK_REALTIME ns; 0: not on trial */
	int64_t next_until;    /* CLOCK_REALTIME ns, KM_FOREVER: none, or not known */
	struct km_state state; /* zero unless loaded */
	bool daemon_lives;
	struct km_name_row rows[KM_SLOTS];
	struct km_hook hooks[KM_HOOK_COUNT];
	bool packet_covers; /* the packet layer is attached, and every listener lies below its cgroup */
	struct km_status_listener *listeners;
	size_t listener_count;
	struct km_problem problems[KM_PROBLEMS];
	unsigned problem_count; /* at most KM_PROBLEMS */
	char **warnings;	/* no reason to be unhealthy */
	unsigned warning_count;
	struct km_lack lacks[KM_LACKS]; /* of the kernel; no reason to be unhealthy either */
	unsigned lack_count;
};

enum km_status_depth {
	KM_STATUS_HEALTH, /* cheap enough for every second: no look at other processes, no kept files */
	KM_STATUS_FULL,
};

/* 0 with *status filled, also where nothing is loaded; or -errno with *err. Free with km_status_free() either way. */
int km_status_read(const struct km_target *target, enum km_status_depth depth, struct km_status *status,
		   struct km_err *err);
void km_status_free(struct km_status *status);
/* The same for whoever holds the instance (kernel/hold.h): sees also what has lost its pin; *hold is looked at again.
 */
int km_status_read_held(const struct km_target *target, struct km_hold *hold, enum km_status_depth depth,
			struct km_status *status, struct km_err *err);

/* Adds a problem; `kind` is one of km_kinds, `hook` may be NULL. */
void km_status_problem(struct km_status *status, const char *kind, const char *hook, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* True if the service of that row has the port. */
bool km_row_guards(const struct km_name_row *row, uint16_t port);

/* Loaded, and no problem. */
bool km_status_healthy(const struct km_status *status);
/* "enforce" or "audit", or "mixed": of the services in force. */
const char *km_status_mode(const struct km_status *status);

#endif
