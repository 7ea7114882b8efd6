/* SPDX-License-Identifier: BSD-2-Clause */
/* What a reload would change, and whom it would cut off: gathered without changing anything. */
#ifndef KM_PLAN_H
#define KM_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apply.h"
#include "error.h"
#include "kubemoat.h"
#include "policy/config.h"
#include "policy/diff.h"

#define KM_PLAN_SEEN_NS INT64_C(3600000000000) /* how far back sources count as seen */

/* A connection that would be cut. */
struct km_plan_cut {
	char service[KM_NAME_MAX + 1];
	enum km_family family;
	struct km_ip source;
	uint16_t source_port, port;
	int pid; /* of the process here that has it; 0: not seen */
	char comm[16];
};

/* A source that gets in now, was seen to, and would be refused. */
struct km_plan_source {
	char service[KM_NAME_MAX + 1];
	enum km_family family;
	struct km_ip source;
	uint16_t port;
	int64_t last_seen; /* CLOCK_REALTIME, ns */
};

/* Zero-initialise. */
struct km_plan {
	bool loaded; /* else it is compared with nothing at all */
	struct km_diff diff;
	struct km_plan_cut *cut;
	size_t cut_count;
	struct km_plan_source *refused; /* by service, then by source */
	size_t refused_count;
	struct km_config_limit max_cut; /* of the files */
};

/*
 * Compares the policy in force with the files at `config` (absolute). 0, or -errno with *err: also where the files are
 * invalid, with their first error. Free with km_plan_free() either way.
 */
int km_plan_make(const struct km_target *target, const char *config, struct km_plan *plan, struct km_err *err);
void km_plan_free(struct km_plan *plan);

/* True if somebody would be cut off. */
bool km_plan_hurts(const struct km_plan *plan);
/* True if a reload without --force would be refused for it. */
bool km_plan_over_limit(const struct km_plan *plan);

#endif
