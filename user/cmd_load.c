/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "apply.h"
#include "cmd_apply.h"
#include "host/kept.h"
#include "verb.h"

int km_cmd_load(const struct km_options *options)
{
	struct km_outcome outcome = {};
	struct km_err err = {};
	char buffer[256];
	const char *off = km_off(options->target.name, buffer);
	int r;

	if (off) {
		if (options->json)
			printf("{\"result\":\"off\"}\n");
		else
			printf("%s: nothing is attached, %s says off\n", options->target.name, off);
		return KM_EXIT_OK;
	}
	r = km_apply(&options->target, KM_APPLY_LOAD, &outcome, &err);
	if (r)
		return km_exit_failed(&err);
	km_tell_diags(&outcome);
	km_tell_outcome(&options->target, &outcome, options->json);
	r = outcome.result == KM_NOTHING || outcome.result == KM_REFUSED ? KM_EXIT_NO : KM_EXIT_OK;
	km_outcome_free(&outcome);
	return r;
}
