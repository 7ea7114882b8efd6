/* SPDX-License-Identifier: BSD-2-Clause */
#include "judge.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cut.h"
#include "host/kept.h"
#include "host/memory.h"
#include "host/source.h"

/* A list that has rules in force and would have none: a writer was seen half-way. Its service, or -1. */
static int emptied(const struct km_run *run)
{
	for (unsigned s = 0; s < run->policy.config.service_count; s++) {
		for (size_t i = 0; i < KM_SLOTS; i++) {
			if (!strcmp(run->rows[i].name, run->policy.config.services[s].name) && run->rows[i].in_force &&
			    run->rows[i].written && !run->policy.rules[s].written)
				return s;
		}
	}
	return -1;
}

/* After a boot there are no rows yet: what the lists had is what the kept files say. */
static void recall_kept(struct km_run *run)
{
	struct km_bundle kept = {0};
	struct km_policy policy = {0};
	struct km_diags diags = {0};
	uint64_t generation;

	if (!km_kept_read(run->target->name, KM_KEPT_ACCEPTED, &kept, &generation, NULL) &&
	    !km_policy_build(&kept, NULL, &policy, &diags)) {
		for (unsigned s = 0; s < policy.config.service_count; s++) {
			memcpy(run->rows[s].name, policy.config.services[s].name, sizeof(run->rows[s].name));
			run->rows[s].in_force = 1;
			run->rows[s].written = policy.rules[s].written;
		}
	}
	km_policy_free(&policy);
	km_diags_free(&diags);
	km_bundle_free(&kept);
}

/* The first error as one line, for `status` and the log. */
static void first_error(const struct km_bundle *bundle, struct km_diags *diags, char text[1024])
{
	km_diags_sort(diags);
	if (diags->count && diags->list[0].severity == KM_ERROR_DIAG)
		snprintf(text, 1024, "%s:%u:%u: %s", bundle->files[diags->list[0].file].name, diags->list[0].line,
			 diags->list[0].column, diags->list[0].message);
	else
		snprintf(text, 1024, "no memory to check the files");
}

/* limits.max_cut: what would be cut is an error of the files, at the limit's place. */
static int check_limit(struct km_run *run, struct km_diags *diags, struct km_err *err)
{
	const struct km_config_limit *limit = &run->policy.config.max_cut;
	KM_AUTO_FREE struct km_refused *list = NULL;
	size_t count = 0;
	int r;

	if (!limit->set || !run->state.generation || run->force)
		return 0;
	r = km_refused_find(&run->pins, &run->policy, &run->host, true, &list, &count, err);
	if (r || count <= limit->most)
		return r;
	run->over_limit = true;
	km_diag_error(diags, 0, limit->place.line, limit->place.column,
		      "%zu established connection%s would be cut, max_cut allows %u: `kubemoat plan` shows them, "
		      "`kubemoat reload --force` cuts them",
		      count, count == 1 ? "" : "s", limit->most);
	return 0;
}

/*
 * What one line of a list costs at most while it becomes policy and image, measured with a million lines of either
 * family:
 * `/usr/bin/time kubemoat load` less the files, and an image of up to 40 bytes a rule. More scattered lists are caught
 * before their images are made (km_images_push).
 */
#define BYTES_A_LINE 170

/* A reload that would not fit the memory limit is refused before it begins: the kernel would end the process halfway.
 */
static bool fits(const struct km_bundle *bundle, struct km_diags *diags)
{
	uint64_t lines = 0, bytes = 0, need;
	struct km_memory memory;

	for (unsigned i = 0; i < bundle->count; i++) {
		const struct km_file *file = &bundle->files[i];

		bytes += file->bytes ? file->size : 0;
		for (const char *at = file->bytes; at; lines++) {
			at = memchr(at, '\n', file->size - (size_t)(at - file->bytes));
			at = at ? at + 1 : NULL;
		}
	}
	need = lines * BYTES_A_LINE;
	km_memory_read(&memory);
	if (!memory.limited || need <= memory.room)
		return true;
	km_diag_error(diags, 0, 1, 1,
		      "these files (%" PRIu64 " KiB, %" PRIu64 " lines) need about %" PRIu64
		      " MiB more, the memory limit of %" PRIu64 " MiB leaves %" PRIu64
		      " MiB: raise the limit, or use fewer or wider prefixes",
		      bytes >> 10, lines, (need >> 20) + 1, memory.limit >> 20, memory.room >> 20);
	return false;
}

int km_judge_files(struct km_run *run, struct km_outcome *outcome, bool *usable, struct km_err *err)
{
	struct km_state *state = &run->state;
	bool boot = !state->generation;
	int service, r = km_source_read(run->target->config, &outcome->bundle, err);

	*usable = false;
	if (r)
		return r;
	if (run->how == KM_APPLY_AUTO && !boot) {
		if (!memcmp(outcome->bundle.hash, state->refused_hash, sizeof(state->refused_hash)))
			return 0;
		if (!memcmp(outcome->bundle.hash, state->hash, sizeof(state->hash)) && !*state->refusal)
			return 0;
	}
	if (!fits(&outcome->bundle, &outcome->diags))
		r = 0;
	else
		r = km_policy_build(&outcome->bundle, &run->host.facts, &run->policy, &outcome->diags);
	if (r)
		return km_fail(err, -r, "no memory to read the files");
	if (boot && km_run_starts(run))
		recall_kept(run);
	/* "No file means audit" holds only where nothing was ever in force. */
	if (!run->policy.config.present && !outcome->diags.errors && (!boot || run->rows[0].in_force))
		km_diag_error(&outcome->diags, 0, 1, 1,
			      "the configuration is gone; put it back, or take the guard away with `kubemoat unload`");
	if (run->how == KM_APPLY_START && !outcome->diags.errors &&
	    !memcmp(outcome->bundle.hash, state->refused_hash, sizeof(state->refused_hash)) && *state->refusal)
		km_diag_error(&outcome->diags, 0, 1, 1,
			      "these files were refused before (%s); change them, or type `kubemoat reload`",
			      state->refusal);
	if (run->how == KM_APPLY_AUTO || run->how == KM_APPLY_START || (boot && run->how == KM_APPLY_LOAD)) {
		service = emptied(run);
		if (service >= 0 && !outcome->diags.errors)
			km_diag_error(&outcome->diags, 0, 1, 1,
				      "service '%s' would be left without a rule: was a list truncated? Type `kubemoat "
				      "reload`, "
				      "or write `!@any`, if that is meant",
				      run->policy.config.services[service].name);
	}
	if (!outcome->diags.errors) {
		r = check_limit(run, &outcome->diags, err);
		if (r)
			return r;
	}
	*usable = !outcome->diags.errors && !outcome->diags.no_memory;
	if (*usable)
		return 0;
	if (!*state->refusal || memcmp(outcome->bundle.hash, state->refused_hash, sizeof(state->refused_hash))) {
		first_error(&outcome->bundle, &outcome->diags, state->refusal);
		memcpy(state->refused_hash, outcome->bundle.hash, sizeof(state->refused_hash));
		state->refused_at = run->host.facts.now;
		state->rolled_back = 0;
	}
	state->reload_failures++;
	return 0;
}
