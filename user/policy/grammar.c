/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/grammar.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "policy/endpoint.h"
#include "policy/failsafe.h"
#include "policy/schema.h"

static km_schema_handler open_version, open_services, open_layers, open_ports, open_allow;
static km_schema_handler take_mode, take_failsafe, take_layer, take_per_second, take_max_cut, take_listen, take_service,
	take_service_mode, take_port, take_list, take_deny;

enum mode { AUDIT, ENFORCE };
enum denial { RESET, DROP };
enum layer { LOOKUP, PACKET, LAYERS };

static const char *const modes[] = {[AUDIT] = "audit", [ENFORCE] = "enforce", NULL};
static const char *const denials[] = {[RESET] = "reset", [DROP] = "drop", NULL};
static const char *const layers[] = {[LOOKUP] = "lookup", [PACKET] = "packet", NULL};

/* clang-format off */
static const struct km_schema service_keys[] = {
	{"mode", KM_SCHEMA_WORD, .words = modes, .take = take_service_mode,
	 .expects = "audit or enforce"},
	{"ports", KM_SCHEMA_INTEGER, .list = true, .filled = true, .room = KM_PORTS, .least = 1, .most = 65535,
	 .open = open_ports, .take = take_port,
	 .expects = "a list of ports from 1 to 65535, such as [2379, 2380]"},
	{"allow", KM_SCHEMA_TEXT, .list = true, .room = KM_LISTS, .open = open_allow, .take = take_list,
	 .expects = "a list of allowlist files, such as [etcd.allow]"},
	{"deny", KM_SCHEMA_WORD, .words = denials, .take = take_deny,
	 .expects = "reset or drop"},
	{"rate", KM_SCHEMA_UNSUPPORTED},
	{"tls", KM_SCHEMA_UNSUPPORTED},
	{"egress", KM_SCHEMA_UNSUPPORTED},
	{"local", KM_SCHEMA_UNSUPPORTED},
	{"listen", KM_SCHEMA_UNSUPPORTED},
	{NULL},
};

static const struct km_schema events_keys[] = {
	{"per_second", KM_SCHEMA_INTEGER, .least = 0, .most = 1000000, .take = take_per_second,
	 .expects = "a number from 0 to 1000000, such as 200"},
	{NULL},
};

static const struct km_schema limits_keys[] = {
	{"max_cut", KM_SCHEMA_INTEGER, .least = 0, .most = 1000000, .take = take_max_cut,
	 .expects = "a number of connections from 0 to 1000000, such as 10"},
	{NULL},
};

static const struct km_schema metrics_keys[] = {
	{"listen", KM_SCHEMA_TEXT, .take = take_listen,
	 .expects = "ADDRESS:PORT in quotes, such as \"127.0.0.1:9475\" or \"[::1]:9475\""},
	{NULL},
};

static const struct km_schema file_keys[] = {
	{"version", KM_SCHEMA_INTEGER, .least = 1, .most = 1, .open = open_version,
	 .expects = "1, the only version known here"},
	{"mode", KM_SCHEMA_WORD, .words = modes, .take = take_mode,
	 .expects = "audit or enforce"},
	{"services", KM_SCHEMA_NAMES, .filled = true, .room = KM_SERVICES, .keys = service_keys,
	 .open = open_services, .take = take_service,
	 .expects = "a map of services, such as {etcd: {}}, or be left out for the built-in ones"},
	{"failsafe", KM_SCHEMA_TEXT, .list = true, .room = KM_FAILSAFES, .take = take_failsafe,
	 .expects = "a list of addresses and prefixes, such as [192.0.2.10/32]"},
	{"layers", KM_SCHEMA_WORD, .list = true, .filled = true, .room = LAYERS, .words = layers,
	 .open = open_layers, .take = take_layer,
	 .expects = "a list of lookup and packet, such as [lookup, packet]"},
	{"events", KM_SCHEMA_MAP, .keys = events_keys,
	 .expects = "a map, such as {per_second: 200}"},
	{"limits", KM_SCHEMA_MAP, .keys = limits_keys,
	 .expects = "a map, such as {max_cut: 10}"},
	{"metrics", KM_SCHEMA_MAP, .keys = metrics_keys,
	 .expects = "a map, such as {listen: \"127.0.0.1:9475\"}"},
	{NULL},
};
/* clang-format on */

_Static_assert(sizeof(service_keys) / sizeof(service_keys[0]) <= KM_SCHEMA_KEYS, "room for a service's keys");
_Static_assert(sizeof(file_keys) / sizeof(file_keys[0]) <= KM_SCHEMA_KEYS, "room for the file's keys");

int km_grammar_read(const struct km_yaml *map, struct km_draft *draft)
{
	return km_schema_walk(file_keys, map, draft, draft->diags);
}

static int open_version(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	(void)value;
	draft->version = true;
	return 0;
}

static int take_mode(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	draft->enforce = value->number == ENFORCE;
	return 0;
}

static int open_services(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	(void)value;
	draft->services = true;
	return 0;
}

static int take_failsafe(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;
	struct km_config *config = draft->config;
	struct km_config_failsafe *failsafe = &config->failsafe[config->failsafe_count];
	char phrase[KM_YAML_PHRASE];
	struct km_err err;

	if (km_failsafe_parse(value->node->text, failsafe, &err)) {
		km_diag_error(draft->diags, 0, value->node->place.line, value->node->place.column, "failsafe %s %s",
			      km_yaml_quote(value->node, phrase), err.text);
		return 0;
	}
	failsafe->place = value->node->place;
	config->failsafe_count++;
	return 0;
}

static int open_layers(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	if (value->node->kind == KM_YAML_LIST && value->node->child)
		draft->layers = value->node->place;
	for (const struct km_yaml *layer = value->node->child; layer; layer = layer->next)
		if (layer->kind != KM_YAML_SCALAR || (strcmp(layer->text, "lookup") && strcmp(layer->text, "packet")))
			draft->layers.line = 0;
	return 0;
}

static int take_layer(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;
	bool *named = value->number == LOOKUP ? &draft->lookup : &draft->packet;

	if (*named)
		km_diag_error(draft->diags, 0, value->node->place.line, value->node->place.column,
			      "layer \"%s\" is named twice", value->node->text);
	*named = true;
	return 0;
}

static int take_per_second(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	draft->config->events_per_second = value->number;
	return 0;
}

static int take_max_cut(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	draft->config->max_cut = (struct km_config_limit){true, value->number, value->node->place};
	return 0;
}

static int take_listen(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;
	char phrase[KM_YAML_PHRASE];
	struct km_err err;

	if (km_endpoint_parse(value->node->text, &draft->config->metrics, &err))
		km_diag_error(draft->diags, 0, value->node->place.line, value->node->place.column, "listen %s %s",
			      km_yaml_quote(value->node, phrase), err.text);
	return 0;
}

/* The service that the keys of a service belong to: the last one named. */
static struct km_config_service *service_of(const struct km_draft *draft)
{
	return &draft->config->services[draft->config->service_count - 1];
}

static struct km_draft_service *draft_of(struct km_draft *draft)
{
	return &draft->service[draft->config->service_count - 1];
}

static const struct km_config_service *find_service(const struct km_config *config, const char *name)
{
	for (unsigned i = 0; i < config->service_count; i++)
		if (!strcmp(config->services[i].name, name))
			return &config->services[i];
	return NULL;
}

/* True if a service may be called that. */
static bool check_name(const struct km_draft *draft, const struct km_yaml *name)
{
	const struct km_config_service *other = find_service(draft->config, name->text);
	struct km_place at = name->place;
	size_t n = strlen(name->text);
	char phrase[KM_YAML_PHRASE];

	if (!n || n > KM_NAME_MAX || strspn(name->text, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		km_diag_error(draft->diags, 0, at.line, at.column,
			      "service name %s must be 1 to %d letters a to z, digits and hyphens",
			      km_yaml_quote(name, phrase), KM_NAME_MAX);
	else if (strspn(name->text, "0123456789") == n)
		km_diag_error(draft->diags, 0, at.line, at.column,
			      "service name \"%s\" would be taken for a port; put a letter in it", name->text);
	else if (other)
		km_diag_error(draft->diags, 0, at.line, at.column, "service \"%s\" stands here twice, first at %u:%u",
			      name->text, other->place.line, other->place.column);
	else
		return true;
	return false;
}

static int take_service(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;
	bool fits = check_name(draft, value->key) && (value->node->kind == KM_YAML_MAP || km_yaml_is_null(value->node));

	draft->config->service_count++;
	service_of(draft)->place = value->key->place;
	if (fits)
		strcpy(service_of(draft)->name, value->key->text);
	else
		draft_of(draft)->refused = true;
	return 0;
}

static int take_service_mode(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	draft_of(draft)->mode = true;
	service_of(draft)->enforce = value->number == ENFORCE;
	return 0;
}

static int open_ports(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	(void)value;
	draft_of(draft)->ports = true;
	return 0;
}

static int take_port(void *context, const struct km_schema_value *value)
{
	struct km_config_service *service = service_of(context);

	service->ports[service->port_count] = value->number;
	service->port_places[service->port_count] = value->node->place;
	service->port_count++;
	return 0;
}

static int open_allow(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	(void)value;
	draft_of(draft)->allow = true;
	return 0;
}

static bool has_control_byte(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static int take_list(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;
	struct km_config_service *service = service_of(draft);
	struct km_config_list *list = &service->lists[service->list_count];
	struct km_place at = value->node->place;
	char phrase[KM_YAML_PHRASE];

	if (!value->node->text[0] || has_control_byte(value->node->text)) {
		km_diag_error(draft->diags, 0, at.line, at.column,
			      "allowlist %s: the name must be a path without control bytes, such as etcd.allow",
			      km_yaml_quote(value->node, phrase));
		return 0;
	}
	for (const struct km_config_list *other = service->lists; other < list; other++) {
		if (strcmp(other->name, value->node->text))
			continue;
		km_diag_error(draft->diags, 0, at.line, at.column, "allowlist %s stands here twice, first at %u:%u",
			      km_yaml_quote(value->node, phrase), other->place.line, other->place.column);
		return 0;
	}
	list->name = strdup(value->node->text);
	if (!list->name)
		return -ENOMEM;
	list->place = at;
	service->list_count++;
	return 0;
}

static int take_deny(void *context, const struct km_schema_value *value)
{
	struct km_draft *draft = context;

	service_of(draft)->drop = value->number == DROP;
	if (value->number == DROP)
		draft_of(draft)->deny_drop = value->node->place;
	return 0;
}
