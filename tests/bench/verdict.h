/* SPDX-License-Identifier: BSD-2-Clause */
/* What a verdict costs, against programs that do nothing and against the kernel's trie. */
#ifndef BENCH_VERDICT_H
#define BENCH_VERDICT_H

#include "kernel/pins.h"
#include "measure.h"

#define BENCH_VERDICT_MEASURES 48

/*
 * Measures; `pins` is where the guard may look for its pins, `ifindex` a device that is not lo. Number of measures
 * written to `measures`. Ends the program if a verdict is not the expected one.
 */
unsigned bench_verdicts(const struct km_pins *pins, unsigned ifindex,
			struct bench_measure measures[BENCH_VERDICT_MEASURES]);

#endif
