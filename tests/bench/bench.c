/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench KUBEMOAT NAME DIRECTORY RESULT [REGEX]: measures, prints a table, writes the figures to RESULT as JSON; with a
 * REGEX only what has a matching id. Exit 1 if a bound is broken. scripts/bench calls it: as root, in a network
 * namespace of its own with a device "bench0" in it, and clears away what is called NAME or has DIRECTORY in its path.
 */
#include <err.h>
#include <malloc.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "arena.h"
#include "connect.h"
#include "context.h"
#include "error.h"
#include "flood.h"
#include "host/cgroup.h"
#include "kernel/pins.h"
#include "measure.h"
#include "reload.h"
#include "report.h"
#include "size.h"
#include "start.h"
#include "syn.h"
#include "verdict.h"

int main(int argc, char **argv)
{
	static struct bench_context context;
	struct km_err why = {""};
	unsigned count, broken, strangers;

	/* Lists are given back when they are freed: commands start with our size as the most that they had. */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	if (argc != 5 && argc != 6)
		errx(2, "usage: bench KUBEMOAT NAME DIRECTORY RESULT [REGEX]");
	context.kubemoat = argv[1];
	context.name = argv[2];
	context.dir = argv[3];
	if (argc == 6)
		bench_want(argv[5]);
	context.ifindex = if_nametoindex("bench0");
	if (!context.ifindex)
		err(1, "bench0");
	if (km_cgroup_find(context.cgroups, &why) ||
	    km_pins_open("/sys/fs/bpf", context.name, true, &context.pins, &why))
		errx(1, "%s", why.text);

	strangers = bench_strangers(&context);
	if (strangers)
		warnx("%u cgroup_skb programs of others at %s run for each packet that is measured here; detach them "
		      "first",
		      strangers, context.cgroups);

	bench_verdicts(&context);
	bench_sizes(&context);
	bench_syn(&context);
	bench_flood(&context);
	bench_connect(&context);
	bench_reload(&context);
	bench_start_up(&context);

	if (km_pins_remove_all(&context.pins, &why))
		errx(1, "%s", why.text);
	km_pins_close(&context.pins);
	bench_measures(&count);
	if (!count)
		errx(2, "no measure has such an id");
	broken = bench_print();
	bench_write(argv[4], strangers);
	if (broken)
		errx(1, "%u of %u measures break their bound", broken, count);
	return 0;
}
