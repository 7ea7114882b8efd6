/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bench KUBEMOAT RESULT: measures, prints a table, writes the figures to RESULT as JSON. Exit 1 if a bound is broken.
 * Has to run as root in a network namespace of its own, with a device "bench0" in it.
 */
#include <err.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include "error.h"
#include "kernel/pins.h"
#include "kubemoat.h"
#include "measure.h"
#include "reload.h"
#include "verdict.h"

int main(int argc, char **argv)
{
	static struct bench_measure measures[BENCH_VERDICT_MEASURES + KM_FAMILIES];
	unsigned ifindex, count, broken;
	struct km_err why = {""};
	struct km_pins pins;
	char name[32];

	if (argc != 3)
		errx(2, "usage: bench KUBEMOAT RESULT");
	ifindex = if_nametoindex("bench0");
	if (!ifindex)
		err(1, "bench0");
	snprintf(name, sizeof(name), "km-bench-%d", getpid());
	if (km_pins_open("/sys/fs/bpf", name, true, &pins, &why))
		errx(1, "%s", why.text);
	count = bench_verdicts(&pins, ifindex, measures);
	if (km_pins_remove_all(&pins, &why))
		errx(1, "%s", why.text);
	km_pins_close(&pins);

	for (enum km_family family = 0; family < KM_FAMILIES; family++)
		bench_reload(argv[1], family, &measures[count++]);

	broken = bench_print(measures, count);
	bench_write(measures, count, argv[2]);
	if (broken)
		errx(1, "%u of %u measures break their bound", broken, count);
	return 0;
}
