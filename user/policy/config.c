/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/grammar.h"
#include "policy/nearest.h"
#include "policy/yaml_text.h"
#include "policy/yaml_tree.h"

#define EVENTS_PER_SECOND 200
#define METRICS_ADDRESS 0x7f000001 /* 127.0.0.1 */
#define METRICS_PORT 9475
#define LIST_SUFFIX ".allow"

static const struct builtin {
	const char *name;
	unsigned ports[3]; /* 0 ends them */
	bool when_asked;   /* not guarded by a configuration that names no services */
} builtins[] = {
	{"apiserver", {6443}}, {"insecure", {8080}, .when_asked = true}, {"etcd", {2379, 2380}},
	{"kubelet", {10250}},  {"controllers", {10257, 10259}},
};

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

const unsigned *km_config_builtin(const char *name)
{
	for (size_t i = 0; i < BUILTINS; i++)
		if (!strcmp(builtins[i].name, name))
			return builtins[i].ports;
	return NULL;
}

static void add_ports(struct km_config_service *service, const unsigned *ports)
{
	for (; *ports; ports++)
		service->ports[service->port_count++] = *ports;
}

static int add_default_list(struct km_config_service *service)
{
	struct km_config_list *list = &service->lists[service->list_count];

	if (asprintf(&list->name, "%s" LIST_SUFFIX, service->name) < 0) {
		list->name = NULL;
		return -ENOMEM;
	}
	service->list_count++;
	return 0;
}

static void add_builtins(struct km_config *config)
{
	for (size_t i = 0; i < BUILTINS; i++) {
		struct km_config_service *service = &config->services[config->service_count];

		if (builtins[i].when_asked)
			continue;
		strcpy(service->name, builtins[i].name);
		add_ports(service, builtins[i].ports);
		config->service_count++;
	}
}

static void missing_ports(const struct km_config_service *service, struct km_diags *diags)
{
	struct km_nearest search = {.word = service->name};

	for (size_t i = 0; i < BUILTINS; i++)
		km_nearest_offer(&search, builtins[i].name);
	km_diag_error(diags, 0, service->place.line, service->place.column,
		      "service \"%s\" is not built in and has no \"ports\"; the nearest built-in name is \"%s\"",
		      service->name, search.best);
}

static int fill_defaults(struct km_draft *draft)
{
	struct km_config *config = draft->config;

	if (!draft->services)
		add_builtins(config);
	for (unsigned i = 0; i < config->service_count; i++) {
		struct km_config_service *service = &config->services[i];
		const struct km_draft_service *written = &draft->service[i];
		const unsigned *ports = km_config_builtin(service->name);

		if (!written->mode)
			service->enforce = draft->enforce;
		if (written->refused)
			continue;
		if (!written->ports && draft->services) {
			if (ports)
				add_ports(service, ports);
			else
				missing_ports(service, draft->diags);
		}
		if (!written->allow && add_default_list(service))
			return -ENOMEM;
	}
	if (draft->layers.line)
		config->packet_layer = draft->packet;
	return 0;
}

struct km_place km_config_port_place(const struct km_config_service *service, unsigned port)
{
	return service->port_places[port].line ? service->port_places[port] : service->place;
}

/* A port decides which service judges a connection: each has one, and the image has room for KM_PORTS. */
static void check_ports(const struct km_draft *draft)
{
	const struct km_config *config = draft->config;
	unsigned char owner[65536] = {0}; /* number of the service + 1 */
	unsigned count = 0;

	for (unsigned i = 0; i < config->service_count; i++) {
		const struct km_config_service *service = &config->services[i];

		if (draft->service[i].refused)
			continue;
		for (unsigned p = 0; p < service->port_count; p++) {
			unsigned char *by = &owner[service->ports[p]];
			struct km_place at = km_config_port_place(service, p);

			if (*by)
				km_diag_error(draft->diags, 0, at.line, at.column,
					      "port %u of service \"%s\" is guarded by \"%s\" already",
					      service->ports[p], service->name, config->services[*by - 1].name);
			else if (++count == KM_PORTS + 1)
				km_diag_error(draft->diags, 0, at.line, at.column,
					      "more than %d guarded ports; further ones have no room", KM_PORTS);
			if (!*by)
				*by = i + 1;
		}
	}
}

static void check_layers(const struct km_draft *draft)
{
	if (!draft->layers.line)
		return;
	if (!draft->lookup)
		km_diag_error(draft->diags, 0, draft->layers.line, draft->layers.column,
			      "the lookup cannot be left out; write [lookup] or [lookup, packet]");
	if (draft->packet)
		return;
	for (unsigned i = 0; i < draft->config->service_count; i++) {
		struct km_place at = draft->service[i].deny_drop;

		if (at.line)
			km_diag_error(draft->diags, 0, at.line, at.column,
				      "\"deny: drop\" needs the packet layer; add packet to \"layers\" or write reset");
	}
}

static int read_map(const struct km_yaml *map, struct km_config *config, struct km_diags *diags)
{
	struct km_draft draft = {.config = config, .diags = diags};
	int err = km_grammar_read(map, &draft);

	if (!err)
		err = fill_defaults(&draft);
	if (err)
		return err;
	if (!draft.version)
		km_diag_error(diags, 0, 1, 1, "\"version\" is missing; write \"version: 1\" first");
	check_ports(&draft);
	check_layers(&draft);
	return 0;
}

static int read_file(const struct km_file *file, struct km_config *config, struct km_diags *diags)
{
	size_t errors = diags->errors;
	char phrase[KM_YAML_PHRASE];
	struct km_yaml *root;
	int err;

	if (!km_yaml_text_check(file->bytes, file->size, diags))
		return 0;
	err = km_yaml_parse(file->bytes, file->size, &root, diags);
	if (err)
		return err;
	if (!root || km_yaml_is_null(root)) {
		/* An empty file may be one that is being written: it says nothing, not even the defaults. */
		if (diags->errors == errors)
			km_diag_error(diags, 0, 1, 1, "the file is empty; write at least \"version: 1\"");
	} else if (root->kind == KM_YAML_MAP) {
		err = read_map(root, config, diags);
	} else if (root->kind != KM_YAML_REFUSED) {
		km_diag_error(diags, 0, root->place.line, root->place.column,
			      "the file must be a map of keys, such as \"version: 1\" with a blank after the colon; "
			      "found %s",
			      km_yaml_describe(root, phrase));
	}
	km_yaml_free(root);
	return err;
}

int km_config_parse(const struct km_file *file, struct km_config *config, struct km_diags *diags)
{
	int err = 0;

	*config = (struct km_config){
		.present = file->bytes || file->trouble,
		.packet_layer = true,
		.events_per_second = EVENTS_PER_SECOND,
		.metrics = {KM_V4, {{METRICS_ADDRESS}}, METRICS_PORT},
	};
	if (file->trouble)
		km_diag_error(diags, 0, 1, 1, "the configuration cannot be read: %s", file->trouble);
	else if (file->bytes)
		err = read_file(file, config, diags);
	else
		add_builtins(config);
	return diags->no_memory ? -ENOMEM : err;
}

void km_config_free(struct km_config *config)
{
	for (unsigned i = 0; i < config->service_count; i++)
		for (unsigned j = 0; j < config->services[i].list_count; j++)
			free(config->services[i].lists[j].name);
	*config = (struct km_config){0};
}
