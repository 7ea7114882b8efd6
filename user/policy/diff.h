/* SPDX-License-Identifier: BSD-2-Clause */
/* What one policy has that another has not: rules and modes, service by service. Pure. */
#ifndef KM_DIFF_H
#define KM_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kubemoat.h"
#include "policy/policy.h"

/* A rule that came or went: a prefix, or the neighbouring prefixes of one line as the range from `ip` to `last`. */
struct km_change {
	bool self; /* @self: no addresses */
	bool deny; /* written with ! */
	bool range;
	enum km_family family;
	struct km_ip ip, last; /* of a prefix its first and last address */
	unsigned len;	       /* of a prefix */
	int64_t until;	       /* CLOCK_REALTIME ns, KM_FOREVER without `until` */
	uint16_t file;	       /* where it is written */
	uint32_t line;
};

struct km_changes {
	struct km_change *list; /* @self first, then by family and address */
	size_t count, room;
};

/* A service that either policy guards. */
struct km_service_diff {
	char name[KM_NAME_MAX + 1];
	bool guarded[2], enforce[2]; /* before, after; `enforce` of a service that is not guarded is false */
	struct km_changes added, removed;
};

/* Zero-initialise. */
struct km_diff {
	struct km_service_diff services[2 * KM_SERVICES]; /* those of `after` in its order, then those that go */
	unsigned count;
};

/*
 * From `before` (NULL: nothing is guarded) to `after`. Rules that have expired at `now` (CLOCK_REALTIME ns) are in
 * neither; a rule written twice is one; another `until` is another rule. 0 or -ENOMEM. Free with km_diff_free() either
 * way.
 */
int km_diff(const struct km_policy *before, const struct km_policy *after, int64_t now, struct km_diff *diff);
void km_diff_free(struct km_diff *diff);

#endif
