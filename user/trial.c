/* SPDX-License-Identifier: BSD-2-Clause */
#include "trial.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/kept.h"

static void roll_back(struct km_run *run)
{
	struct km_state *state = &run->state;

	snprintf(state->refusal, sizeof(state->refusal),
		 "generation %" PRIu64 " was not accepted in time: rolled back to generation %" PRIu64,
		 state->generation, state->back_generation);
	memcpy(state->refused_hash, state->hash, sizeof(state->refused_hash));
	state->refused_at = run->host.facts.now;
	state->rolled_back = 1;
	state->generation = state->back_generation;
	state->loaded_at = state->back_loaded_at;
	memcpy(state->hash, state->back_hash, sizeof(state->hash));
	km_trial_end(run);
}

bool km_trial_pending(struct km_run *run)
{
	if (run->state.trial_at && run->host.boot >= run->state.trial_at) {
		roll_back(run);
		run->settled = true;
	}
	return run->state.trial_at != 0;
}

int km_trial_find_back(struct km_run *run, struct km_err *err)
{
	struct km_bundle kept = {};
	struct km_diags diags = {};
	uint64_t generation;
	int r = km_kept_read(run->target->name, KM_KEPT_ACCEPTED, &kept, &generation, err);

	if (!r)
		r = km_policy_build(&kept, &run->host.facts, &run->back, &diags);
	if (!r && (diags.errors || diags.no_memory))
		r = km_fail(err, ENOENT, "the kept files of instance '%s' are no longer valid: there is no way back",
			    run->target->name);
	km_diags_free(&diags);
	km_bundle_free(&kept);
	return r;
}

int km_trial_begin(struct km_run *run, const struct km_bundle *bundle, bool pending, uint64_t generation,
		   uint64_t until, struct km_err *err)
{
	struct km_state *state = &run->state;

	if (!pending) {
		state->back_generation = state->generation;
		state->back_loaded_at = state->loaded_at;
		memcpy(state->back_hash, state->hash, sizeof(state->back_hash));
	}
	state->trial_at = until;
	return km_kept_write_trial(run->target->name, bundle, generation, err);
}

void km_trial_end(struct km_run *run)
{
	run->state.trial_at = 0;
	km_kept_drop_trial(run->target->name);
}
