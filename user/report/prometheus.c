/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/prometheus.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "policy/reason.h"

#define NS_PER_SECOND 1000000000

struct label {
	const char *name, *value;
};

static void write_value(FILE *out, const char *value)
{
	for (; *value; value++) {
		if (*value == '\n')
			fputs("\\n", out);
		else if (*value == '\\' || *value == '"')
			fprintf(out, "\\%c", *value);
		else
			putc(*value, out);
	}
}

static void write_head(FILE *out, const char *metric, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric, help, metric, type);
}

static void write_sample(FILE *out, const char *metric, const struct label *labels, size_t count, uint64_t value)
{
	fputs(metric, out);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%c%s=\"", i ? ',' : '{', labels[i].name);
		write_value(out, labels[i].value);
		putc('"', out);
	}
	fprintf(out, "%s %" PRIu64 "\n", count ? "}" : "", value);
}

static void write_single(FILE *out, const char *metric, const char *type, const char *help, uint64_t value)
{
	write_head(out, metric, type, help);
	write_sample(out, metric, NULL, 0, value);
}

static void write_connections(FILE *out, const struct km_stats *stats)
{
	static const char metric[] = "kubemoat_connections_total";

	write_head(out, metric, "counter", "Decisions on connections to guarded ports.");
	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		for (unsigned pair = 0; *stats->rows[slot].name && pair < KM_VERDICTS * KM_REASONS; pair++) {
			enum km_verdict verdict = pair / KM_REASONS;
			enum km_reason reason = pair % KM_REASONS;
			const struct label labels[] = {
				{"service", stats->rows[slot].name},
				{"verdict", km_verdict_name(verdict)},
				{"reason", km_reason_name(reason)},
			};

			if (km_verdict_has_reason(verdict, reason))
				write_sample(out, metric, labels, 3, stats->counters[slot].count[verdict][reason]);
		}
	}
}

static void write_cut(FILE *out, const struct km_stats *stats)
{
	static const char metric[] = "kubemoat_connections_cut_total";

	write_head(out, metric, "counter",
		   "Established or half-open connections ended, their source no longer allowed.");
	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct label label = {"service", stats->rows[slot].name};

		if (*stats->rows[slot].name)
			write_sample(out, metric, &label, 1, stats->counters[slot].count[KM_DENY][KM_REVOKED]);
	}
}

static void write_rules(FILE *out, const struct km_status *status)
{
	static const char metric[] = "kubemoat_policy_rules";
	static const char *const families[KM_FAMILIES] = {[KM_V4] = "v4", [KM_V6] = "v6"};

	write_head(out, metric, "gauge", "Prefixes in the allowlists of the policy in force.");
	for (unsigned i = 0; i < KM_SLOTS * KM_FAMILIES; i++) {
		const struct km_name_row *row = &status->rows[i / KM_FAMILIES];
		enum km_family family = i % KM_FAMILIES;
		const struct label labels[] = {{"service", row->name}, {"family", families[family]}};

		if (row->in_force)
			write_sample(out, metric, labels, 2, row->rules[family]);
	}
}

/* A hook that the policy does not want has no series, so that 0 always is a reason to look. */
static void write_hooks(FILE *out, const struct km_status *status)
{
	static const char metric[] = "kubemoat_hook_attached";
	static const char *const names[KM_HOOK_COUNT] = {KM_HOOK_LOOKUP, KM_HOOK_PACKET};

	write_head(out, metric, "gauge",
		   "Whether the kernel has this hook of the guard attached, as the policy wants it.");
	for (unsigned i = 0; i < KM_HOOK_COUNT; i++) {
		const struct label label = {"hook", names[i]};

		if (!status->loaded || status->hooks[i].wanted)
			write_sample(out, metric, &label, 1, status->loaded && status->hooks[i].attached);
	}
}

void km_prometheus_write(FILE *out, const struct km_metrics *metrics)
{
	const struct km_state *state = &metrics->status->state;
	const struct label version = {"version", metrics->version};

	write_connections(out, metrics->stats);
	write_cut(out, metrics->stats);
	write_single(out, "kubemoat_events_suppressed_total", "counter",
		     "Denials counted but not reported, because of events.per_second.", metrics->events_suppressed);
	write_single(out, "kubemoat_events_lost_total", "counter",
		     "Reported denials overwritten before the daemon could read them.", metrics->events_lost);
	write_rules(out, metrics->status);
	write_single(out, "kubemoat_policy_generation", "gauge", "Generation of the policy in force, 0 without one.",
		     state->generation);
	write_single(out, "kubemoat_policy_load_timestamp_seconds", "gauge",
		     "When the policy in force was put in force, 0 without one.", state->loaded_at / NS_PER_SECOND);
	write_single(out, "kubemoat_policy_reload_failures_total", "counter",
		     "Files refused, the last policy was kept.", state->reload_failures);
	write_hooks(out, metrics->status);
	write_head(out, "kubemoat_build_info", "gauge", "Always 1; the version is the label.");
	write_sample(out, "kubemoat_build_info", &version, 1, 1);
}
