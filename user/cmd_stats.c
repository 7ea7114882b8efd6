/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "daemon/stats.h"
#include "report/json.h"
#include "report/text.h"
#include "verb.h"

int km_cmd_stats(const struct km_options *options)
{
	bool watch = options->given & KM_OPTION_WATCH, clear = watch && !options->json && isatty(STDOUT_FILENO);
	static struct km_stats stats;
	struct timespec next;

	km_settle(&options->target);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		struct km_err err = {};
		int status;

		if (km_stats_read(&options->target, &stats, &err))
			return km_exit_failed(&err);
		if (clear)
			fputs("\033[H\033[2J", stdout);
		if (options->json)
			km_json_stats(stdout, &stats);
		else
			km_text_stats(stdout, &stats);
		status = km_exit_written(KM_EXIT_OK);
		if (!watch || status)
			return status;
		next.tv_sec++;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
}
