/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table that the cold programs take their source addresses from, another one each run. */
#ifndef BENCH_SOURCE_H
#define BENCH_SOURCE_H

#include <linux/types.h>

#define BENCH_SOURCES (1u << 18) /* more than the caches of one core hold of the nodes they lead to */

/* A global of the programs, which user space maps. */
struct bench_table {
	__u32 next;			 /* entry that the next run takes, modulo BENCH_SOURCES */
	__u32 reserved[15];		 /* the counter is not in the line of a source */
	__u32 address[BENCH_SOURCES][4]; /* network byte order; IPv4 in the first word */
};

#ifdef __bpf__
struct bench_table bench_table;

static __always_inline const __u32 *bench_address(void)
{
	return bench_table.address[bench_table.next & (BENCH_SOURCES - 1)];
}

/* 0, so that it can stand in any sum. */
static __always_inline __u32 bench_advance(void)
{
	bench_table.next++;
	return 0;
}
#endif

#endif
