/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/json.h"

#include "policy/reason.h"
#include "report/object.h"
#include "report/ports.h"

static struct json_object *diags_of(const struct km_bundle *bundle, const struct km_diags *diags,
				    enum km_severity severity)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < diags->count; i++) {
		const struct km_diag *diag = &diags->list[i];
		struct json_object *object;

		if (diag->severity != severity)
			continue;
		object = json_object_new_object();
		km_put_text(object, "file", bundle->files[diag->file].name);
		km_put_number(object, "line", diag->line);
		km_put_number(object, "column", diag->column);
		km_put_text(object, "message", diag->message);
		json_object_array_add(array, object);
	}
	return array;
}

void km_json_diags(FILE *out, const struct km_bundle *bundle, const struct km_diags *diags, const char *result,
		   uint64_t generation, int64_t trial_until)
{
	struct json_object *object = json_object_new_object();

	if (result) {
		km_put_text(object, "result", result);
		km_put_number(object, "generation", generation);
		if (trial_until)
			km_put_time(object, "trial_until", trial_until);
	}
	km_put_bool(object, "valid", !diags->errors);
	json_object_object_add(object, "errors", diags_of(bundle, diags, KM_ERROR_DIAG));
	json_object_object_add(object, "warnings", diags_of(bundle, diags, KM_WARNING_DIAG));
	km_print_object(out, object);
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

void km_json_answer(FILE *out, const struct km_answer *answer)
{
	const struct km_explanation *explanation = &answer->explanation;
	struct json_object *object = json_object_new_object();

	km_put_text(object, "service", answer->service);
	km_put_address(object, "source", answer->family, answer->source);
	km_put_text(object, "verdict", km_verdict_name(explanation->verdict));
	km_put_text(object, "reason", km_reason_name(explanation->reason));
	km_put_text(object, "rule", or_null(answer->rule));
	km_put_text(object, "overrides", or_null(explanation->overrides));
	km_put_text(object, "near", or_null(explanation->near));
	km_put_bool(object, "self", explanation->self);
	km_put_bool(object, "in_force", !answer->files);
	km_put_text(object, "files", answer->files);
	km_print_object(out, object);
}

static struct json_object *counters_of(const struct km_counters *counters)
{
	struct json_object *array = json_object_new_array();

	for (unsigned pair = 0; pair < KM_VERDICTS * KM_REASONS; pair++) {
		enum km_verdict verdict = pair / KM_REASONS;
		enum km_reason reason = pair % KM_REASONS;
		struct json_object *object;

		if (!km_verdict_has_reason(verdict, reason))
			continue;
		object = json_object_new_object();
		km_put_text(object, "verdict", km_verdict_name(verdict));
		km_put_text(object, "reason", km_reason_name(reason));
		km_put_number(object, "count", counters->count[verdict][reason]);
		json_object_array_add(array, object);
	}
	return array;
}

void km_json_stats(FILE *out, const struct km_stats *stats)
{
	struct json_object *object = json_object_new_object(), *services = json_object_new_array();

	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct km_name_row *row = &stats->rows[slot];
		struct json_object *service;

		if (!*row->name)
			continue;
		service = json_object_new_object();
		km_put_text(service, "name", row->name);
		km_put_text(service, "mode", km_row_mode(row));
		km_put_bool(service, "in_force", row->in_force);
		km_put_ports(service, "ports", row);
		km_put_number(service, "cut", stats->counters[slot].count[KM_DENY][KM_REVOKED]);
		json_object_object_add(service, "counters", counters_of(&stats->counters[slot]));
		json_object_array_add(services, service);
	}
	json_object_object_add(object, "services", services);
	km_print_object(out, object);
}

void km_json_denial(FILE *out, const struct km_denial *denial)
{
	struct json_object *object = json_object_new_object();

	km_put_time(object, "time", denial->time);
	km_put_text(object, "service", denial->service);
	km_put_text(object, "verdict", km_verdict_name(denial->verdict));
	km_put_text(object, "reason", km_reason_name(denial->reason));
	km_put_address(object, "source", denial->family, denial->source);
	km_put_number(object, "source_port", denial->source_port);
	km_put_address(object, "destination", denial->family, denial->destination);
	km_put_number(object, "port", denial->port);
	km_put_text(object, "rule", or_null(denial->rule));
	km_print_object(out, object);
}

void km_json_top(FILE *out, const struct km_top *top)
{
	struct json_object *object = json_object_new_object();

	km_put_address(object, "source", top->family, top->source);
	km_put_number(object, "count", top->count);
	km_put_time(object, "last", top->last);
	km_print_object(out, object);
}
