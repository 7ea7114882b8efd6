/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/change.h"

#include <stdio.h>

#include "host/clock.h"
#include "policy/addr.h"

const char *km_change_format(const struct km_change *change, char text[KM_CHANGE_TEXT])
{
	char first[KM_ADDR_TEXT] = "@self", last[KM_ADDR_TEXT] = "", until[32] = "";

	if (change->range) {
		km_ip_format(change->family, change->ip, first);
		km_ip_format(change->family, change->last, last);
	} else if (!change->self) {
		km_prefix_format(change->family, change->ip, change->len, first);
	}
	if (change->until != KM_FOREVER)
		km_clock_format(change->until, until);
	snprintf(text, KM_CHANGE_TEXT, "%s%s%s%s%s%s", change->deny ? "!" : "", first, *last ? "-" : "", last,
		 *until ? " until " : "", until);
	return text;
}
