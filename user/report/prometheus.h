/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics in Prometheus' text format. No label carries an address: the number of series is bounded. */
#ifndef KM_PROMETHEUS_H
#define KM_PROMETHEUS_H

#include <stdint.h>
#include <stdio.h>

#include "report/view.h"
#include "status.h"

/* Borrowed. */
struct km_metrics {
	const struct km_stats *stats;	/* no rows where nothing is loaded */
	const struct km_status *status; /* of any depth */
	uint64_t events_suppressed;	/* by the limiter, since the first load */
	uint64_t events_lost;		/* overwritten before this daemon read them */
	const char *version;
};

#define KM_PROMETHEUS_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* Every metric with its help and type. Write errors stay on the stream. */
void km_prometheus_write(FILE *out, const struct km_metrics *metrics);

#endif
