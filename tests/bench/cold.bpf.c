// SPDX-License-Identifier: GPL-2.0-only
/*
 * The product's programs as they are, but for one thing: the lookup reads the source address from a table instead of
 * its context. BPF_PROG_TEST_RUN repeats one context, so there is no other way to a new source each run.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "source.h"

/* The field of the context that each of them stands behind is multiplied away. */
#define remote_ip4 family * 0 + bench_address()[0]
#define remote_ip6 family * 0 + bench_address()
/* The lookup asks for the protocol once a run, before all else. */
#undef IPPROTO_TCP
#define IPPROTO_TCP (6 + bench_advance())

#include "kubemoat.bpf.c"
