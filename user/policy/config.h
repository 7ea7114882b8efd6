/* SPDX-License-Identifier: BSD-2-Clause */
/* kubemoat.yaml: bytes to struct, with libyaml and a schema as data. Pure. Source: docs/configuration.md. */
#ifndef KM_CONFIG_H
#define KM_CONFIG_H

#include <stdbool.h>

#include "kubemoat.h"
#include "policy/bundle.h"
#include "policy/diag.h"
#include "policy/endpoint.h"

#define KM_LISTS 64 /* allowlists of one service */
#define KM_FAILSAFES 64

struct km_place {
	unsigned line, column; /* in kubemoat.yaml, from 1; 0: not written there */
};

struct km_config_list {
	char *name; /* as written */
	struct km_place place;
};

struct km_config_service {
	char name[KM_NAME_MAX + 1];
	struct km_place place; /* of its key */
	bool enforce;	       /* its own mode or the file's */
	bool drop;	       /* deny: drop */
	unsigned ports[KM_PORTS];
	struct km_place port_places[KM_PORTS];
	unsigned port_count;
	struct km_config_list lists[KM_LISTS];
	unsigned list_count;
};

struct km_config_failsafe {
	enum km_family family;
	struct km_ip ip;
	unsigned len;
	struct km_place place;
};

struct km_config_limit {
	bool set;
	unsigned most;
	struct km_place place;
};

struct km_config {
	bool present; /* false: no file; the built-in services with empty lists, in audit */
	struct km_config_service services[KM_SERVICES];
	unsigned service_count;
	struct km_config_failsafe failsafe[KM_FAILSAFES];
	unsigned failsafe_count;
	bool packet_layer; /* layers names packet (default) */
	unsigned events_per_second;
	struct km_config_limit max_cut; /* connections that a reload may cut */
	struct km_endpoint metrics;	/* where the daemon serves them */
};

/*
 * Parses file 0 of the bundle into *config, defaults filled in. Every error and warning goes to diags with file
 * index 0; *config is complete even then (the parts that were understood), so that the lists can be checked in the
 * same go. No file (bytes NULL, no trouble): built-in defaults. 0 or -ENOMEM. Free with km_config_free() either way.
 */
int km_config_parse(const struct km_file *file, struct km_config *config, struct km_diags *diags);
void km_config_free(struct km_config *config);

/* Where number `port` of the service's ports is written, or the service that brings it along; line 0: neither is. */
struct km_place km_config_port_place(const struct km_config_service *service, unsigned port);

/* The built-in service of that name: its ports (0-terminated), or NULL. For `explain` and suggestions. */
const unsigned *km_config_builtin(const char *name);

#endif
