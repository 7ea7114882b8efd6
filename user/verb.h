/* SPDX-License-Identifier: BSD-2-Clause */
/* The verbs, as data, and how each of them ends. */
#ifndef KM_VERB_H
#define KM_VERB_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "options.h"

/* Exit status of the command; what OK and NO mean is the verb's own. */
enum km_exit { KM_EXIT_OK, KM_EXIT_NO, KM_EXIT_USAGE, KM_EXIT_FAILED };

struct km_verb {
	const char *name;
	const char *arguments; /* as the usage shows them */
	const char *help;
	unsigned options;			      /* bits of enum km_option beside the global ones */
	unsigned fewest, most;			      /* arguments */
	int (*run)(const struct km_options *options); /* enum km_exit; NULL: not supported by this version */
};

/* Ends with a row whose name is NULL. */
extern const struct km_verb km_verbs[];

/* The verb of that name, or NULL with the nearest known one in *nearest. */
const struct km_verb *km_verb_find(const char *name, const char **nearest);

/* Help on standard output: of one verb, or of the command with NULL. */
void km_help(FILE *out, const struct km_verb *verb);

int km_cmd_run(const struct km_options *options);
int km_cmd_load(const struct km_options *options);
int km_cmd_reload(const struct km_options *options);
int km_cmd_unload(const struct km_options *options);
int km_cmd_check(const struct km_options *options);
int km_cmd_explain(const struct km_options *options);
int km_cmd_plan(const struct km_options *options);
int km_cmd_status(const struct km_options *options);
int km_cmd_stats(const struct km_options *options);
int km_cmd_drops(const struct km_options *options);

/* The one line on standard error of a verb that could not do it, or was used wrongly. The exit status. */
int km_exit_failed(const struct km_err *err);
int km_exit_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Makes sure that all output was written: `status`, or KM_EXIT_FAILED having said so. */
int km_exit_written(int status);

#endif
