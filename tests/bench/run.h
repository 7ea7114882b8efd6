/* SPDX-License-Identifier: BSD-2-Clause */
/* One program over and over with one context: BPF_PROG_TEST_RUN. */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include "kubemoat.h"

#define BENCH_PORT 6443	      /* guarded */
#define BENCH_OTHER_PORT 7000 /* not guarded */
#define BENCH_OWN_V4 0x0a000001

enum bench_hook { BENCH_LOOKUP, BENCH_PACKET };

/*
 * CPU time of a run in ns, the mean of `repeat` runs; *verdict is what the last returned, 1 pass and 0 drop on either
 * hook. The packet hook sees a socket without a port, whatever `port` is: there it is port 0 that has to be guarded.
 * Packets come in through the device `ifindex`. Ends the program if the kernel does not run it.
 */
double bench_run(int prog, enum bench_hook hook, enum km_family family, struct km_ip source, unsigned port,
		 unsigned ifindex, unsigned repeat, unsigned *verdict);

/* An address of this host: where every connection goes. */
struct km_ip bench_own(enum km_family family);

#endif
