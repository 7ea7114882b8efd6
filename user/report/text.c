/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/text.h"

#include <inttypes.h>
#include <string.h>

#include "host/clock.h"
#include "policy/addr.h"
#include "policy/reason.h"
#include "report/ports.h"
#include "report/say.h"

void km_text_diags(FILE *out, const struct km_bundle *bundle, const struct km_diags *diags, size_t most)
{
	size_t shown = 0, warnings = 0;

	for (size_t i = 0; i < diags->count; i++) {
		const struct km_diag *diag = &diags->list[i];

		if (diag->severity == KM_WARNING_DIAG && warnings++ >= most)
			break;
		shown++;

		km_write_escaped(out, bundle->files[diag->file].name);
		fprintf(out, ":%u:%u: %s: ", diag->line, diag->column,
			diag->severity == KM_ERROR_DIAG ? "error" : "warning");
		km_write_escaped(out, diag->message);
		putc('\n', out);
	}
	if (diags->errors + diags->warnings > shown)
		fprintf(out, "%zu errors and %zu warnings in all, %zu are shown; kubemoat check shows every one\n",
			diags->errors, diags->warnings, shown);
}

void km_text_answer(FILE *out, const struct km_answer *answer)
{
	const struct km_explanation *explanation = &answer->explanation;
	char source[KM_ADDR_TEXT];

	fprintf(out, "%s %s %s %s: ", km_verdict_name(explanation->verdict), km_reason_name(explanation->reason),
		answer->service, km_ip_format(answer->family, answer->source, source));
	if (explanation->self)
		fputs("@self, this host itself: ", out);
	if (*answer->rule)
		km_write_escaped(out, answer->rule);
	else if (explanation->verdict == KM_ALLOW)
		fputs("no rule takes it away", out);
	else
		fputs("no rule lists it", out);
	if (*explanation->overrides) {
		fputs(" overrides ", out);
		km_write_escaped(out, explanation->overrides);
	}
	if (*explanation->near) {
		fputs("; ", out);
		km_write_escaped(out, explanation->near);
	}
	if (explanation->verdict == KM_AUDIT)
		fputs(" (audit mode: the connection passes)", out);
	putc('\n', out);
	if (answer->not_loaded) {
		fputs("not loaded: answered from ", out);
		km_write_escaped(out, answer->files);
		putc('\n', out);
	}
}

void km_text_stats(FILE *out, const struct km_stats *stats)
{
	int name_width = sizeof("SERVICE") - 1, ports_width = sizeof("PORTS") - 1;
	char ports[KM_PORTS_TEXT];

	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct km_name_row *row = &stats->rows[slot];
		int name_length = (int)strlen(row->name), ports_length = (int)strlen(km_ports_format(row, ports));

		name_width = name_length > name_width ? name_length : name_width;
		ports_width = ports_length > ports_width ? ports_length : ports_width;
	}
	fprintf(out, "%-*s  %-7s  %-*s  %-7s  %-16s  %s\n", name_width, "SERVICE", "MODE", ports_width, "PORTS",
		"VERDICT", "REASON", "COUNT");
	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct km_name_row *row = &stats->rows[slot];

		for (unsigned pair = 0; *row->name && pair < KM_VERDICTS * KM_REASONS; pair++) {
			enum km_verdict verdict = pair / KM_REASONS;
			enum km_reason reason = pair % KM_REASONS;

			if (km_verdict_has_reason(verdict, reason))
				fprintf(out, "%-*s  %-7s  %-*s  %-7s  %-16s  %" PRIu64 "\n", name_width, row->name,
					row->in_force ? km_row_mode(row) : "-", ports_width,
					km_ports_format(row, ports), km_verdict_name(verdict), km_reason_name(reason),
					(uint64_t)stats->counters[slot].count[verdict][reason]);
		}
	}
}

void km_text_denial(FILE *out, const struct km_denial *denial, uint64_t count)
{
	char time[32], source[KM_ADDR_TEXT], destination[KM_ADDR_TEXT];
	bool v6 = denial->family == KM_V6;

	fprintf(out, "%s %s %s %s from %s to %s%s%s:%u, ", km_clock_format(denial->time, time), denial->service,
		km_verdict_name(denial->verdict), km_reason_name(denial->reason),
		km_ip_format(denial->family, denial->source, source), v6 ? "[" : "",
		km_ip_format(denial->family, denial->destination, destination), v6 ? "]" : "", denial->port);
	if (*denial->rule) {
		fputs("rule ", out);
		km_write_escaped(out, denial->rule);
	} else {
		fputs("no rule", out);
	}
	if (count > 1)
		fprintf(out, ", %" PRIu64 " times", count);
	putc('\n', out);
}

void km_text_top(FILE *out, const struct km_top *top, size_t count)
{
	char time[32], source[KM_ADDR_TEXT];

	fprintf(out, "%10s  %-27s  %s\n", "COUNT", "LAST", "SOURCE");
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%10" PRIu64 "  %-27s  %s\n", top[i].count, km_clock_format(top[i].last, time),
			km_ip_format(top[i].family, top[i].source, source));
}
