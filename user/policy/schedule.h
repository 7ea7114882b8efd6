/* SPDX-License-Identifier: BSD-2-Clause */
/* When a policy changes by itself. Pure. */
#ifndef KM_SCHEDULE_H
#define KM_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"

/*
 * The moments (CLOCK_REALTIME ns) after `from` and before `to` at which a rule ends, ascending, each once, the first
 * `room` of them. *more: there were further ones, for which the last of these has to stand: from it on permissions that
 * end later have to count as over (KM_DOUBTED).
 */
unsigned km_policy_moments(const struct km_policy *policy, int64_t from, int64_t to, unsigned room, int64_t *moments,
			   bool *more);

#endif
