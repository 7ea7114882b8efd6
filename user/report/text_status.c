/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "host/clock.h"
#include "policy/addr.h"
#include "policy/rule.h"
#include "report/ports.h"
#include "report/say.h"
#include "report/text.h"

static void print_field(FILE *out, const char *name, const char *value)
{
	fprintf(out, "  %-12s", name);
	km_write_escaped(out, value);
	putc('\n', out);
}

static void print_policy(FILE *out, const struct km_status *status)
{
	const struct km_state *state = &status->state;
	char time[32];

	print_field(out, "mode", km_status_mode(status));
	fprintf(out, "  %-12s%" PRIu64 ", in force since %s (%" PRId64 " s)\n", "generation", state->generation,
		km_clock_format(state->loaded_at, time), (status->now - state->loaded_at) / 1000000000);
	print_field(out, "config", state->config);
	print_field(out, "version", state->version);
	fprintf(out, "  %-12snet:[%u]\n", "netns", state->netns_inode);
	print_field(out, "cgroup", state->packet_layer ? state->cgroup : "-");
	if (status->daemon_lives)
		fprintf(out, "  %-12spid %u\n", "daemon", state->daemon_pid);
	else
		print_field(out, "daemon", "none, changes of the files wait for kubemoat reload");
	if (status->trial_until)
		print_field(out, "on trial", km_clock_format(status->trial_until, time));
	if (status->next_until != KM_FOREVER)
		print_field(out, "next until", km_clock_format(status->next_until, time));
}

static void print_listener(FILE *out, const struct km_status_listener *listener)
{
	const struct km_listener *socket = &listener->socket;
	bool v6 = socket->family == KM_V6;
	char address[KM_ADDR_TEXT];

	fprintf(out, "    listens on %s%s%s:%u", v6 ? "[" : "", km_ip_format(socket->family, socket->ip, address),
		v6 ? "]" : "", socket->port);
	if (listener->pid) {
		fprintf(out, ", pid %d ", listener->pid);
		km_write_escaped(out, listener->comm);
	}
	if (listener->cgroup) {
		fputs(", cgroup ", out);
		km_write_escaped(out, listener->cgroup);
	}
	fprintf(out, "%s\n", listener->covered ? "" : ", NOT COVERED");
}

static void print_services(FILE *out, const struct km_status *status)
{
	char ports[KM_PORTS_TEXT];

	fputs("services\n", out);
	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct km_name_row *row = &status->rows[slot];

		if (!row->in_force)
			continue;
		fprintf(out, "  %-12s%s, deny by %s, ports %s, %" PRIu64 " v4 and %" PRIu64 " v6 rules\n", row->name,
			km_row_mode(row), row->drop ? "drop" : "reset", km_ports_format(row, ports), row->rules[KM_V4],
			row->rules[KM_V6]);
		for (size_t i = 0; i < status->listener_count; i++)
			if (km_row_guards(row, status->listeners[i].socket.port))
				print_listener(out, &status->listeners[i]);
	}
}

static void print_hooks(FILE *out, const struct km_status *status)
{
	fputs("hooks\n", out);
	for (unsigned i = 0; i < KM_HOOK_COUNT; i++) {
		const struct km_hook *hook = &status->hooks[i];

		fprintf(out, "  %-12s%s", hook->name,
			hook->attached ? "attached"
			: hook->wanted ? hook->trouble
				       : "not wanted");
		for (unsigned j = 0; j < hook->others.count; j++) {
			fprintf(out, "%s program %u ", j ? "," : "; beside it", hook->others.list[j].id);
			km_write_escaped(out, hook->others.list[j].name);
		}
		if (hook->others.more)
			fprintf(out, " and %u more", hook->others.more);
		putc('\n', out);
	}
}

static const char *summary(const struct km_status *status)
{
	if (!status->loaded)
		return "not loaded";
	return km_status_healthy(status) ? "healthy" : "degraded";
}

static void print_summary(FILE *out, const struct km_status *status)
{
	fprintf(out, "%s: %s\n", status->name, summary(status));
}

static void print_problems(FILE *out, const struct km_status *status)
{
	if (status->problem_count)
		fputs("problems\n", out);
	for (unsigned i = 0; i < status->problem_count; i++)
		print_field(out, status->problems[i].kind, status->problems[i].message);
}

void km_text_problems(FILE *out, const struct km_status *status)
{
	print_summary(out, status);
	print_problems(out, status);
}

void km_text_status(FILE *out, const struct km_status *status)
{
	print_summary(out, status);
	if (status->loaded) {
		print_policy(out, status);
		print_hooks(out, status);
		print_services(out, status);
	}
	print_problems(out, status);
	if (status->warning_count)
		fputs("warnings\n", out);
	for (unsigned i = 0; i < status->warning_count; i++)
		print_field(out, "", status->warnings[i]);
	if (status->lack_count)
		fputs("this kernel lacks\n", out);
	for (unsigned i = 0; i < status->lack_count; i++)
		fprintf(out, "  %s: %s\n", status->lacks[i].feature, status->lacks[i].effect);
}
