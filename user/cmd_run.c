/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/daemon.h"
#include "verb.h"

int km_cmd_run(const struct km_options *options)
{
	return km_daemon_run(&options->target, options->json, options->given & KM_OPTION_DETACH_ON_EXIT);
}
