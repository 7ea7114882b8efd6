/* SPDX-License-Identifier: BSD-2-Clause */
/* What one run knows of the host that it guards: the namespace, its addresses, the clock. */
#ifndef KM_FACTS_H
#define KM_FACTS_H

#include <stdint.h>

#include "error.h"
#include "policy/policy.h"

struct km_host {
	int netns; /* -1: not open */
	unsigned netns_inode;
	uint64_t boot;	       /* CLOCK_BOOTTIME ns at facts.now */
	uint64_t netns_cookie; /* 0: the kernel has none (before 5.14) */
	struct km_facts facts; /* facts.own is owned */
};

/* Gathers; `netns` is --netns or NULL. 0 or -errno with *err and nothing to free. */
int km_host_open(const char *netns, struct km_host *host, struct km_err *err);
void km_host_close(struct km_host *host);

#endif
