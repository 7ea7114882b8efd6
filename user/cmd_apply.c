/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd_apply.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/json.h"
#include "report/say.h"
#include "report/text.h"

static const char *const result_names[] = {
	[KM_APPLIED] = "applied",	    [KM_UNCHANGED] = "unchanged", [KM_REFUSED] = "refused",
	[KM_APPLIED_KEPT] = "applied_kept", [KM_NOTHING] = "nothing",
};

void km_tell_diags(struct km_outcome *outcome)
{
	km_diags_sort(&outcome->diags);
	km_text_diags(stderr, &outcome->bundle, &outcome->diags);
	if (*outcome->notice)
		km_say("%s", outcome->notice);
}

static void tell_text(const struct km_target *target, const struct km_outcome *outcome)
{
	switch (outcome->result) {
	case KM_APPLIED:
		printf("%s: generation %" PRIu64 " in force, from %s\n", target->name, outcome->generation,
		       target->config);
		break;
	case KM_UNCHANGED:
		printf("%s: generation %" PRIu64 " in force, nothing new in %s\n", target->name, outcome->generation,
		       target->config);
		break;
	case KM_REFUSED:
		printf("%s: %s is refused, generation %" PRIu64 " stays in force\n", target->name, target->config,
		       outcome->generation);
		break;
	case KM_APPLIED_KEPT:
		printf("%s: %s is invalid, generation %" PRIu64 " in force, from the kept files\n", target->name,
		       target->config, outcome->generation);
		break;
	case KM_NOTHING:
		printf("%s: %s is invalid and no files are kept, nothing is attached\n", target->name, target->config);
		break;
	}
}

void km_tell_outcome(const struct km_target *target, const struct km_outcome *outcome, bool json)
{
	if (json)
		km_json_diags(stdout, &outcome->bundle, &outcome->diags, result_names[outcome->result],
			      outcome->generation);
	else
		tell_text(target, outcome);
}
