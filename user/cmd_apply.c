/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmd_apply.h"

#include <inttypes.h>
#include <stdio.h>

#include "host/clock.h"
#include "report/json.h"
#include "report/say.h"
#include "report/text.h"
#include "status.h"

/* Whoever puts a million rules in force is told that thousands are odd, not each time which. */
#define KM_TOLD_WARNINGS 20

static const char *const result_names[] = {
	[KM_APPLIED] = "applied",	    [KM_UNCHANGED] = "unchanged", [KM_REFUSED] = "refused",
	[KM_APPLIED_KEPT] = "applied_kept", [KM_NO_TRIAL] = "no_trial",	  [KM_NOTHING] = "nothing",
};

void km_tell_diags(struct km_outcome *outcome)
{
	km_diags_sort(&outcome->diags);
	km_text_diags(stderr, &outcome->bundle, &outcome->diags, KM_TOLD_WARNINGS);
	if (*outcome->notice)
		km_say("%s", outcome->notice);
}

/* What it means for clients: the mode, and who is guarded. */
static void tell_services(const struct km_status *status)
{
	const char *before = " ";

	printf(", %s:", km_status_mode(status));
	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		if (!status->rows[slot].in_force)
			continue;
		printf("%s%s", before, status->rows[slot].name);
		before = ", ";
	}
}

static void tell_text(const struct km_target *target, const struct km_outcome *outcome, const struct km_status *status)
{
	if (outcome->result == KM_NOTHING) {
		printf("%s: %s is invalid and no files are kept, nothing is attached\n", target->name, target->config);
		return;
	}
	if (outcome->result == KM_NO_TRIAL) {
		printf("%s: nothing is on trial, generation %" PRIu64 " stays in force\n", target->name,
		       outcome->generation);
		return;
	}
	printf("%s: ", target->name);
	if (outcome->result == KM_REFUSED)
		printf("%s is refused, ", target->config);
	else if (outcome->result == KM_APPLIED_KEPT)
		printf("%s is invalid, from the kept files ", target->config);
	printf("generation %" PRIu64 " %s in force", outcome->generation,
	       outcome->result == KM_APPLIED || outcome->result == KM_APPLIED_KEPT ? "is" : "stays");
	if (outcome->trial_until) {
		char time[32];

		printf(" on trial until %s, `kubemoat reload --accept` keeps it",
		       km_clock_format(outcome->trial_until, time));
	}
	if (outcome->cut)
		printf(", %zu connection%s cut", outcome->cut, outcome->cut == 1 ? "" : "s");
	if (status->loaded)
		tell_services(status);
	putchar('\n');
}

void km_tell_outcome(const struct km_target *target, const struct km_outcome *outcome, bool json)
{
	static struct km_status status;

	/* A load that succeeded stays one where its services cannot be named. */
	if (km_status_read(target, KM_STATUS_HEALTH, &status, NULL))
		status.loaded = false;
	for (unsigned i = 0; i < status.warning_count; i++)
		km_say("warning: %s", status.warnings[i]);
	if (json)
		km_json_diags(stdout, &outcome->bundle, &outcome->diags, result_names[outcome->result],
			      outcome->generation, outcome->trial_until);
	else
		tell_text(target, outcome, &status);
	km_status_free(&status);
}
