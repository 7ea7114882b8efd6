/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Revocation: which connections a policy refuses, and their end. Part of the transaction, after a policy has come into
 * force; `plan` and limits.max_cut ask the first half of it.
 */
#ifndef KM_CUT_H
#define KM_CUT_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "facts.h"
#include "host/connections.h"
#include "kernel/book.h"
#include "kernel/pins.h"
#include "policy/policy.h"

/* A connection that a policy refuses. */
struct km_refused {
	struct km_connection connection;
	unsigned service; /* number of it in the policy */
};

/*
 * The connections of the guarded namespace that services of the policy in enforce mode would not let in now. What the
 * packet layer has counted as revoked already is left out where `standing`, and so is what is half-open: what a person
 * would miss. `pins` may have no directory: then the marks of this host's own connections are unknown. *list malloc'ed.
 * 0 or -errno with *err.
 */
int km_refused_find(const struct km_pins *pins, const struct km_policy *policy, const struct km_host *host,
		    bool standing, struct km_refused **list, size_t *count, struct km_err *err);

/*
 * Ends all of them, the policy being in force as `generation` with its services in `rows` (KM_SLOTS). *cut: how many
 * were ended. Where the kernel cannot end connections, the packet layer drops what they send. 0 or -errno with *err;
 * then the rest stays.
 */
int km_refused_cut(const struct km_pins *pins, const struct km_policy *policy, const struct km_host *host,
		   uint64_t generation, const struct km_name_row *rows, size_t *cut, struct km_err *err);

#endif
