/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/change.h"
#include "report/json.h"
#include "report/object.h"

static void put_changes(struct json_object *object, const char *key, const struct km_changes *changes)
{
	struct json_object *array = json_object_new_array();
	char text[KM_CHANGE_TEXT];

	for (size_t i = 0; i < changes->count; i++)
		json_object_array_add(array, json_object_new_string(km_change_format(&changes->list[i], text)));
	json_object_object_add(object, key, array);
}

static const char *mode_of(const struct km_service_diff *service, unsigned when)
{
	return !service->guarded[when] ? NULL : service->enforce[when] ? "enforce" : "audit";
}

static struct json_object *services_of(const struct km_diff *diff)
{
	struct json_object *array = json_object_new_array();

	for (unsigned i = 0; i < diff->count; i++) {
		const struct km_service_diff *service = &diff->services[i];
		struct json_object *object = json_object_new_object();

		km_put_text(object, "name", service->name);
		km_put_text(object, "before", mode_of(service, 0));
		km_put_text(object, "after", mode_of(service, 1));
		put_changes(object, "added", &service->added);
		put_changes(object, "removed", &service->removed);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *cut_of(const struct km_plan *plan)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < plan->cut_count; i++) {
		const struct km_plan_cut *cut = &plan->cut[i];
		struct json_object *object = json_object_new_object();

		km_put_text(object, "service", cut->service);
		km_put_address(object, "source", cut->family, cut->source);
		km_put_number(object, "source_port", cut->source_port);
		km_put_number(object, "port", cut->port);
		if (cut->pid)
			km_put_number(object, "pid", (unsigned)cut->pid);
		else
			km_put_text(object, "pid", NULL);
		km_put_text(object, "comm", cut->pid ? cut->comm : NULL);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *refused_of(const struct km_plan *plan)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < plan->refused_count; i++) {
		const struct km_plan_source *source = &plan->refused[i];
		struct json_object *object = json_object_new_object();

		km_put_text(object, "service", source->service);
		km_put_address(object, "source", source->family, source->source);
		km_put_number(object, "port", source->port);
		km_put_time(object, "last_seen", source->last_seen);
		json_object_array_add(array, object);
	}
	return array;
}

void km_json_plan(FILE *out, const struct km_plan *plan)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "services", services_of(&plan->diff));
	json_object_object_add(object, "cut", cut_of(plan));
	json_object_object_add(object, "refused", refused_of(plan));
	if (plan->max_cut.set)
		km_put_number(object, "max_cut", plan->max_cut.most);
	else
		km_put_text(object, "max_cut", NULL);
	km_put_bool(object, "over_limit", km_plan_over_limit(plan));
	km_put_bool(object, "loaded", plan->loaded);
	km_print_object(out, object);
}
