/* SPDX-License-Identifier: BSD-2-Clause */
/* The grammar of kubemoat.yaml: its keys as tables, and what each value does to the configuration. Pure. */
#ifndef KM_GRAMMAR_H
#define KM_GRAMMAR_H

#include <stdbool.h>

#include "policy/config.h"
#include "policy/diag.h"
#include "policy/yaml_tree.h"

/* What defaults and checks must know of a service beyond its configuration. */
struct km_draft_service {
	bool refused;		   /* its name or value was an error: no defaults, which would only give further ones */
	bool mode, ports, allow;   /* keys that it has, right or wrong */
	struct km_place deny_drop; /* of the value of `deny: drop`; line 0: not written */
};

/* A configuration under way: as written, without defaults. Zero-initialise but for `config` and `diags`. */
struct km_draft {
	struct km_config *config;
	struct km_diags *diags;
	bool version, services;			      /* keys that it has, right or wrong */
	bool enforce;				      /* the file's mode */
	struct km_place layers;			      /* of the value; line 0: not written, or in part not understood */
	bool lookup, packet;			      /* named there */
	struct km_draft_service service[KM_SERVICES]; /* as config->services */
};

/* Takes all that the map says into the draft; what does not fit the grammar becomes an error. 0 or -ENOMEM. */
int km_grammar_read(const struct km_yaml *map, struct km_draft *draft);

#endif
