/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/clock.h"
#include "policy/addr.h"
#include "report/change.h"
#include "report/say.h"
#include "report/text.h"

static const char *mode_of(const struct km_service_diff *service, unsigned when)
{
	return !service->guarded[when] ? "not guarded" : service->enforce[when] ? "enforce" : "audit";
}

static void print_changes(FILE *out, const char *name, char sign, const struct km_changes *changes)
{
	char text[KM_CHANGE_TEXT];

	for (size_t i = 0; i < changes->count; i++)
		fprintf(out, "%s: %c %s\n", name, sign, km_change_format(&changes->list[i], text));
}

/* True if there was anything to print. */
static bool print_service(FILE *out, const struct km_service_diff *service)
{
	bool other_mode = service->guarded[0] != service->guarded[1] || service->enforce[0] != service->enforce[1];

	if (other_mode)
		fprintf(out, "%s: %s, was %s\n", service->name, mode_of(service, 1), mode_of(service, 0));
	print_changes(out, service->name, '-', &service->removed);
	print_changes(out, service->name, '+', &service->added);
	return other_mode || service->added.count || service->removed.count;
}

static void print_cut(FILE *out, const struct km_plan_cut *cut)
{
	char source[KM_ADDR_TEXT];
	bool v6 = cut->family == KM_V6;

	fprintf(out, "%s: cuts %s%s%s:%u, connected to port %u", cut->service, v6 ? "[" : "",
		km_ip_format(cut->family, cut->source, source), v6 ? "]" : "", cut->source_port, cut->port);
	if (cut->pid) {
		fprintf(out, " of pid %d ", cut->pid);
		km_write_escaped(out, cut->comm);
	}
	putc('\n', out);
}

static void print_refused(FILE *out, const struct km_plan_source *refused)
{
	char source[KM_ADDR_TEXT], time[32];

	fprintf(out, "%s: refuses %s, last seen on port %u at %s\n", refused->service,
		km_ip_format(refused->family, refused->source, source), refused->port,
		km_clock_format(refused->last_seen, time));
}

void km_text_plan(FILE *out, const struct km_plan *plan)
{
	bool changes = false;

	for (unsigned i = 0; i < plan->diff.count; i++)
		changes |= print_service(out, &plan->diff.services[i]);
	for (size_t i = 0; i < plan->cut_count; i++)
		print_cut(out, &plan->cut[i]);
	for (size_t i = 0; i < plan->refused_count; i++)
		print_refused(out, &plan->refused[i]);
	if (!plan->loaded)
		fputs("nothing is in force: compared with no guard at all\n", out);
	else if (!changes)
		fputs("no rule and no mode changes\n", out);
	fprintf(out, "%zu connection%s would be cut, %zu source%s of the last hour refused\n", plan->cut_count,
		plan->cut_count == 1 ? "" : "s", plan->refused_count, plan->refused_count == 1 ? "" : "s");
	if (km_plan_over_limit(plan))
		fprintf(out, "a reload would be refused, max_cut allows %u; kubemoat reload --force does it\n",
			plan->max_cut.most);
}
