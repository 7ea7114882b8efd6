/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "apply.h"
#include "cmd_apply.h"
#include "verb.h"

int km_cmd_reload(const struct km_options *options)
{
	const struct km_reload reload = {
		.force = options->given & KM_OPTION_FORCE,
		.accept = options->given & KM_OPTION_ACCEPT,
		.confirm = options->confirm,
	};
	struct km_outcome outcome = {};
	struct km_err err = {};
	int r;

	r = km_reload(&options->target, &reload, &outcome, &err);
	if (r)
		return km_exit_failed(&err);
	km_tell_diags(&outcome);
	km_tell_outcome(&options->target, &outcome, options->json);
	r = outcome.result == KM_APPLIED || outcome.result == KM_UNCHANGED ? KM_EXIT_OK : KM_EXIT_NO;
	km_outcome_free(&outcome);
	return r;
}
