/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/stats.h"

#include <errno.h>

#include "kernel/book.h"
#include "kernel/pins.h"
#include "kernel/read.h"

int km_stats_read(const struct km_target *target, struct km_stats *stats, struct km_err *err)
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
