/* SPDX-License-Identifier: BSD-2-Clause */
#include "facts.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "host/addresses.h"
#include "host/clock.h"
#include "host/netns.h"

int km_host_open(const char *netns, struct km_host *host, struct km_err *err)
{
	struct km_own_address *own = NULL;
	int r;

	*host = (struct km_host){.netns = km_netns_open(netns, err)};
	if (host->netns < 0)
		return host->netns;
	r = km_netns_inode(host->netns, &host->netns_inode, err);
	if (!r)
		r = km_netns_cookie(host->netns, &host->netns_cookie, err);
	if (!r)
		r = km_addresses_read(host->netns, &own, &host->facts.own_count, err);
	if (r) {
		km_host_close(host);
		return r;
	}
	host->facts.own = own;
	km_port_range_read(host->netns, host->facts.port_range);
	host->boot = (uint64_t)km_clock_boot();
	host->facts.now = km_clock_wall();
	return 0;
}

void km_host_close(struct km_host *host)
{
	free((void *)host->facts.own);
	if (host->netns >= 0)
		close(host->netns);
	*host = (struct km_host){.netns = -1};
}
