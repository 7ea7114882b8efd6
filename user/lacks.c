/* SPDX-License-Identifier: BSD-2-Clause */
#include "lacks.h"

#include "cleanup.h"
#include "host/connections.h"
#include "host/netns.h"
#include "kernel/features.h"

unsigned km_lacks_find(const char *netns, struct km_lack lacks[KM_LACKS])
{
	KM_AUTO_CLOSE int here = km_netns_open(netns, NULL);
	unsigned count = 0;

	if (km_lacks_netns_cookie())
		lacks[count++] =
			(struct km_lack){"netns_cookie",
					 "a pod that has one of this host's own addresses is judged as this host is"};
	if (km_lacks_large_maps())
		lacks[count++] = (struct km_lack){"large_maps",
						  "a policy that takes more than 4096 KiB in the kernel is refused"};
	if (here >= 0 && km_connections_unendable(here))
		lacks[count++] = (struct km_lack){"sock_destroy", "a connection whose source is taken off a list is "
								  "not reset: its packets are dropped"};
	return count;
}
