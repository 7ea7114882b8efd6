/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon serves by HTTP: /metrics, /healthz, /readyz. */
#ifndef KM_PAGES_H
#define KM_PAGES_H

#include <stdint.h>
#include <stdio.h>

#include "daemon/daemon.h"
#include "error.h"
#include "report/view.h"
#include "status.h"

/* Set `daemon`, zero the rest. Large. */
struct km_pages {
	struct km_daemon *daemon;
	struct km_status status;
	struct km_stats stats;
	int failed; /* 0, or -errno with `err`: there is no status */
	struct km_err err;
	int64_t read_at; /* CLOCK_BOOTTIME ns of that status; 0: never */
};

/* A km_http_page; `pages` is a struct km_pages. */
unsigned km_pages_write(void *pages, const char *path, const char **type, FILE *out);

#endif
