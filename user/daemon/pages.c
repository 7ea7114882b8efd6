/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/pages.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "daemon/stats.h"
#include "host/clock.h"
#include "kernel/read.h"
#include "report/prometheus.h"
#include "report/say.h"
#include "version.h"

/* Clients may ask as often as they like: the kernel is asked for its sockets and links five times a second at most. */
#define STATUS_AGE_NS 200000000

static void read_status(struct km_pages *pages)
{
	int64_t now = km_clock_boot();

	if (pages->read_at && now - pages->read_at < STATUS_AGE_NS)
		return;
	pages->read_at = now;
	pages->failed = km_status_read_held(pages->daemon->target, &pages->daemon->hold, KM_STATUS_HEALTH,
					    &pages->status, &pages->err);
	km_status_free(&pages->status);
}

/* Read for each request: after a connection the next scrape has it. */
static int read_stats(struct km_pages *pages, struct km_err *err)
{
	int r = km_stats_read(pages->daemon->target, &pages->stats, err);

	if (r != -ENOENT)
		return r;
	memset(&pages->stats, 0, sizeof(pages->stats));
	return 0;
}

static void write_line(FILE *out, const char *text)
{
	km_write_escaped(out, text);
	putc('\n', out);
}

static unsigned write_metrics(struct km_pages *pages, const char **type, FILE *out)
{
	const struct km_events *events = &pages->daemon->events;
	const struct km_metrics metrics = {
		.stats = &pages->stats,
		.status = &pages->status,
		.events_suppressed = events->reader ? km_log_suppressed(events->reader) : 0,
		.events_lost = events->lost,
		.version = KM_VERSION,
	};
	struct km_err err = {};

	read_status(pages);
	if (pages->failed || read_stats(pages, &err)) {
		write_line(out, pages->failed ? pages->err.text : err.text);
		return 500;
	}
	*type = KM_PROMETHEUS_TYPE;
	km_prometheus_write(out, &metrics);
	return 200;
}

static unsigned write_ready(struct km_pages *pages, FILE *out)
{
	const struct km_status *status = &pages->status;

	read_status(pages);
	if (pages->failed) {
		write_line(out, pages->err.text);
		return 503;
	}
	if (km_status_healthy(status)) {
		write_line(out, "ok");
		return 200;
	}
	for (unsigned i = 0; i < status->problem_count; i++) {
		fprintf(out, "%s: ", status->problems[i].kind);
		write_line(out, status->problems[i].message);
	}
	if (!status->problem_count)
		write_line(out, "not loaded: nothing is in force");
	return 503;
}

unsigned km_pages_write(void *pages, const char *path, const char **type, FILE *out)
{
	if (!strcmp(path, "/metrics"))
		return write_metrics(pages, type, out);
	if (!strcmp(path, "/readyz"))
		return write_ready(pages, out);
	if (strcmp(path, "/healthz"))
		return 404;
	write_line(out, "ok");
	return 200;
}
