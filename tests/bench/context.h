/* SPDX-License-Identifier: BSD-2-Clause */
/* What every kind of measure is told. */
#ifndef BENCH_CONTEXT_H
#define BENCH_CONTEXT_H

#include "host/cgroup.h"
#include "kernel/pins.h"

struct bench_context {
	const char *kubemoat;	      /* the command */
	const char *name;	      /* instances, devices and cgroups are called so, or so and a dash and more */
	const char *dir;	      /* for files; whoever runs the bench removes it */
	char cgroups[KM_CGROUP_PATH]; /* where cgroup2 is mounted */
	unsigned ifindex;	      /* a device that is not lo */
	struct km_pins pins;	      /* where the guard may look for its pins */
};

#endif
