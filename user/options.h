/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: the global options before or after the verb, the verb, its own options and arguments. */
#ifndef KM_OPTIONS_H
#define KM_OPTIONS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "apply.h"
#include "error.h"

struct km_verb;

/* Every option, as a bit: those that a verb takes, those that were given. Order of the table in options.c. */
enum km_option {
	KM_OPTION_CONFIG = 1 << 0,
	KM_OPTION_NAME = 1 << 1,
	KM_OPTION_BPFFS = 1 << 2,
	KM_OPTION_CGROUP = 1 << 3,
	KM_OPTION_NETNS = 1 << 4,
	KM_OPTION_OUTPUT = 1 << 5,
	KM_OPTION_HELP = 1 << 6,
	KM_OPTION_VERSION = 1 << 7,
	KM_OPTION_DETACH_ON_EXIT = 1 << 8,
	KM_OPTION_WATCH = 1 << 9,
	KM_OPTION_FOLLOW = 1 << 10,
	KM_OPTION_TOP = 1 << 11,
	KM_OPTION_FORCE = 1 << 12,
	KM_OPTION_CONFIRM = 1 << 13,
	KM_OPTION_ACCEPT = 1 << 14,
	KM_OPTION_PROBLEMS = 1 << 15,
	KM_OPTIONS_GLOBAL = (1 << 8) - 1,
};

#define KM_ARGUMENTS 3 /* of one verb, at most */

/* Points into itself and into argv: neither copy nor outlive them. */
struct km_options {
	const struct km_verb *verb; /* NULL only where help or version is asked for without one */
	unsigned given;		    /* bits of enum km_option */
	struct km_target target;
	bool json;
	unsigned top;	  /* --top N; 0: not given */
	uint64_t confirm; /* --confirm TIME, ns; 0: not given */
	const char *argument[KM_ARGUMENTS];
	unsigned argument_count;
	char config[PATH_MAX]; /* what target.config points to */
};

/* 0, or -EINVAL with *err: wrong usage, in one line. */
int km_options_parse(int argc, char **argv, struct km_options *options, struct km_err *err);

/* A path as typed, made absolute by the working directory; symlinks stay. 0 or -errno with *err. */
int km_absolute_path(const char *path, char absolute[PATH_MAX], struct km_err *err);

/* One line for each option whose bit is set in `which`. */
void km_options_help(FILE *out, unsigned which);

#endif
