/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "kernel/book.h"
#include "kernel/pins.h"
#include "kernel/read.h"
#include "report/json.h"
#include "report/text.h"
#include "verb.h"

static int read_stats(const struct km_target *target, struct km_stats *stats, struct km_err *err)
{
	struct km_pins pins = {.dir = -1};
	struct km_book book;
	int r;

	r = km_pins_open(target->bpffs, target->name, false, &pins, err);
	if (!r)
		r = km_book_open(&pins, false, &book, err);
	if (!r) {
		r = km_book_names(&book, stats->rows, err);
		km_book_close(&book);
	}
	if (!r)
		r = km_read_counters(&pins, stats->counters, err);
	km_pins_close(&pins);
	if (r == -ENOENT)
		km_fail(err, ENOENT, "%s: not loaded, there is nothing to count; kubemoat load starts it",
			target->name);
	return r;
}

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

		if (read_stats(&options->target, &stats, &err))
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
