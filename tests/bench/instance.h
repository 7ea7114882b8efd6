/* SPDX-License-Identifier: BSD-2-Clause */
/* An instance of the guard as its users have it: a directory with configuration and list, and the command. */
#ifndef BENCH_INSTANCE_H
#define BENCH_INSTANCE_H

#include "context.h"
#include "list.h"

#define BENCH_ALLOWLIST "bench.allow" /* in the directory */

struct bench_instance {
	const char *command, *cgroup;
	char name[33], dir[64];
};

/*
 * Makes the directory, with that text as its configuration. `what` has to be unique and short. Ends the program where
 * it cannot, as all here.
 */
void bench_instance_open(const struct bench_context *context, const char *what, const char *cgroup, const char *config,
			 struct bench_instance *instance);

/* The path of a file in its directory. */
const char *bench_instance_file(const struct bench_instance *instance, const char *name, char path[128]);

/* Starts `kubemoat VERB [ARGUMENT]...` for it in the caller's network namespace: a pid. `argument` may be NULL. */
int bench_instance_start(const struct bench_instance *instance, const char *verb, const char *first,
			 const char *second);
/* The same, to its end, which has to be a success. */
void bench_instance_run(const struct bench_instance *instance, const char *verb, const char *first, const char *second);

#endif
