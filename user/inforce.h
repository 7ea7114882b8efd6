/* SPDX-License-Identifier: BSD-2-Clause */
/* The policy in force, from its kept files: names the rule behind a verdict. Also policies that are not in force. */
#ifndef KM_INFORCE_H
#define KM_INFORCE_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "facts.h"
#include "kernel/book.h"
#include "kernel/pins.h"
#include "kubemoat.h"
#include "policy/bundle.h"
#include "policy/policy.h"

#define KM_RULE_TEXT 320

/* A policy and the files it was made of. Zero-initialise. */
struct km_ruling {
	struct km_bundle bundle;
	struct km_policy policy;
	uint64_t generation; /* 0: not in force */
	bool built;
};

/* The kept policy of an instance that is in force, one on trial included, or the one before it. -ENOENT: nothing kept.
 */
int km_ruling_kept(const char *name, bool previous, const struct km_facts *facts, struct km_ruling *ruling,
		   struct km_err *err);
/* The policy that the files at `config` make. -EINVAL: they are invalid; *err has the first error. */
int km_ruling_files(const char *config, const struct km_facts *facts, struct km_ruling *ruling, struct km_err *err);
void km_ruling_free(struct km_ruling *ruling);

/* "etcd.allow:4" */
void km_ruling_place(const struct km_ruling *ruling, unsigned file, unsigned line, char text[KM_RULE_TEXT]);

/* A reported denial, told in the terms of the policy that decided it. */
struct km_denial {
	int64_t time; /* CLOCK_REALTIME, ns */
	char service[KM_NAME_MAX + 1];
	enum km_verdict verdict;
	enum km_reason reason;
	enum km_family family;
	struct km_ip source, destination;
	uint16_t source_port, port;
	char rule[KM_RULE_TEXT]; /* empty: no rule decided */
};

/* What names denials: kept policies and service names, read again when a newer policy has decided. */
struct km_inforce {
	const char *name;  /* instance */
	const char *netns; /* path or NULL */
	struct km_book book;
	struct km_name_row rows[KM_SLOTS];
	struct km_host host;
	struct km_ruling current, previous;
	int64_t read_at; /* CLOCK_BOOTTIME ns of the last reading; 0: never */
};

/* Opens the books of a loaded instance; `name` and `netns` must outlive it. 0 or -errno with *err. */
int km_inforce_open(const struct km_pins *pins, const char *name, const char *netns, struct km_inforce **inforce,
		    struct km_err *err);
void km_inforce_close(struct km_inforce *inforce);

void km_inforce_denial(struct km_inforce *inforce, const struct km_event *event, struct km_denial *denial);

#endif
