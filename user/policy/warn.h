/* SPDX-License-Identifier: BSD-2-Clause */
/* What is valid and yet surprises on this host. Pure. */
#ifndef KM_WARN_H
#define KM_WARN_H

#include "policy/diag.h"
#include "policy/policy.h"

/* Guarded ports that the host's own outgoing connections may take too, at the port or at the service it comes with. */
void km_warn_ports(const struct km_config *config, const struct km_facts *facts, struct km_diags *diags);

/*
 * `!` rules over an address of this host, loopback among them, that still hold at facts->now: they do not take the host
 * away. facts may be NULL: loopback alone. 0 or -ENOMEM.
 */
int km_warn_own(const struct km_policy *policy, const struct km_facts *facts, struct km_diags *diags);

#endif
