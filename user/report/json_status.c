/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "policy/rule.h"
#include "report/json.h"
#include "report/object.h"
#include "report/ports.h"

static struct json_object *listeners_of(const struct km_status *status, const struct km_name_row *row)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < status->listener_count; i++) {
		const struct km_status_listener *listener = &status->listeners[i];
		struct json_object *object;

		if (!km_row_guards(row, listener->socket.port))
			continue;
		object = json_object_new_object();
		km_put_address(object, "address", listener->socket.family, listener->socket.ip);
		km_put_number(object, "port", listener->socket.port);
		if (listener->pid)
			km_put_number(object, "pid", (unsigned)listener->pid);
		else
			km_put_text(object, "pid", NULL);
		km_put_text(object, "comm", listener->pid ? listener->comm : NULL);
		km_put_number(object, "uid", listener->socket.uid);
		km_put_text(object, "cgroup", listener->cgroup);
		km_put_bool(object, "covered", listener->covered);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *services_of(const struct km_status *status)
{
	struct json_object *array = json_object_new_array();

	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct km_name_row *row = &status->rows[slot];
		struct json_object *object, *rules;

		if (!row->in_force)
			continue;
		object = json_object_new_object();
		rules = json_object_new_object();
		km_put_text(object, "name", row->name);
		km_put_text(object, "mode", km_row_mode(row));
		km_put_text(object, "deny", row->drop ? "drop" : "reset");
		km_put_ports(object, "ports", row);
		km_put_number(rules, "v4", row->rules[KM_V4]);
		km_put_number(rules, "v6", row->rules[KM_V6]);
		json_object_object_add(object, "rules", rules);
		json_object_object_add(object, "listeners", listeners_of(status, row));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *problems_of(const struct km_status *status)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; i < status->problem_count; i++) {
		struct json_object *object = json_object_new_object();

		km_put_text(object, "kind", status->problems[i].kind);
		if (status->problems[i].hook)
			km_put_text(object, "hook", status->problems[i].hook);
		km_put_text(object, "message", status->problems[i].message);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *warnings_of(const struct km_status *status)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; i < status->warning_count; i++) {
		struct json_object *object = json_object_new_object();

		km_put_text(object, "message", status->warnings[i]);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *lacks_of(const struct km_status *status)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; i < status->lack_count; i++) {
		struct json_object *object = json_object_new_object();

		km_put_text(object, "feature", status->lacks[i].feature);
		km_put_text(object, "message", status->lacks[i].effect);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *others_of(const struct km_others *others)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; i < others->count; i++) {
		struct json_object *object = json_object_new_object();

		km_put_number(object, "id", others->list[i].id);
		km_put_text(object, "name", others->list[i].name);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *hooks_of(const struct km_status *status)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; status->loaded && i < KM_HOOK_COUNT; i++) {
		const struct km_hook *hook = &status->hooks[i];
		struct json_object *object = json_object_new_object();

		km_put_text(object, "name", hook->name);
		km_put_bool(object, "attached", hook->attached);
		km_put_bool(object, "wanted", hook->wanted);
		json_object_object_add(object, "others", others_of(&hook->others));
		json_object_array_add(array, object);
	}
	return array;
}

/* How often a daemon saw each kind of problem come. */
static struct json_object *noticed_of(const struct km_state *state)
{
	struct json_object *object = json_object_new_object();

	for (unsigned i = 0; i < KM_KINDS; i++)
		km_put_number(object, km_kinds[i], state->noticed[i]);
	return object;
}

static void put_policy(struct json_object *object, const struct km_status *status)
{
	const struct km_state *state = &status->state;
	struct json_object *daemon = NULL, *refused = NULL;
	char netns[32];

	km_put_bool(object, "adopted", state->adopted);
	km_put_text(object, "mode", km_status_mode(status));
	km_put_number(object, "generation", state->generation);
	km_put_time(object, "loaded_at", state->loaded_at);
	json_object_object_add(object, "age_seconds",
			       json_object_new_int64((status->now - state->loaded_at) / 1000000000));
	km_put_text(object, "config", state->config);
	km_put_text(object, "version", state->version);
	snprintf(netns, sizeof(netns), "net:[%u]", state->netns_inode);
	km_put_text(object, "netns", netns);
	km_put_text(object, "cgroup", state->packet_layer ? state->cgroup : NULL);
	if (status->daemon_lives) {
		daemon = json_object_new_object();
		km_put_number(daemon, "pid", state->daemon_pid);
	}
	json_object_object_add(object, "daemon", daemon);
	if (status->next_until == KM_FOREVER)
		km_put_text(object, "next_until", NULL);
	else
		km_put_time(object, "next_until", status->next_until);
	if (status->trial_until)
		km_put_time(object, "trial_until", status->trial_until);
	else
		km_put_text(object, "trial_until", NULL);
	if (*state->refusal) {
		refused = json_object_new_object();
		km_put_time(refused, "at", state->refused_at);
		km_put_text(refused, "reason", state->refusal);
	}
	json_object_object_add(object, "refused", refused);
	km_put_number(object, "reload_failures", state->reload_failures);
	json_object_object_add(object, "noticed", noticed_of(state));
}

void km_json_status(FILE *out, const struct km_status *status)
{
	struct json_object *object = json_object_new_object();

	km_put_bool(object, "healthy", km_status_healthy(status));
	json_object_object_add(object, "problems", problems_of(status));
	km_put_bool(object, "loaded", status->loaded);
	km_put_text(object, "name", status->name);
	if (status->loaded)
		put_policy(object, status);
	json_object_object_add(object, "hooks", hooks_of(status));
	json_object_object_add(object, "services", services_of(status));
	json_object_object_add(object, "warnings", warnings_of(status));
	json_object_object_add(object, "lacks", lacks_of(status));
	km_print_object(out, object);
}
