/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of an instance with the names of its services: the same for stats and for the metrics. */
#ifndef KM_DAEMON_STATS_H
#define KM_DAEMON_STATS_H

#include "apply.h"
#include "error.h"
#include "report/view.h"

/* 0, or -errno with *err. -ENOENT: not loaded. */
int km_stats_read(const struct km_target *target, struct km_stats *stats, struct km_err *err);

#endif
