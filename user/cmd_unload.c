/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "apply.h"
#include "verb.h"

int km_cmd_unload(const struct km_options *options)
{
	struct km_err err = {};
	bool removed = false;

	if (km_unload(&options->target, &removed, &err))
		return km_exit_failed(&err);
	if (options->json)
		printf("{\"removed\":%s}\n", removed ? "true" : "false");
	else
		printf("%s: %s\n", options->target.name, removed ? "unloaded, nothing is filtered" : "was not loaded");
	return KM_EXIT_OK;
}
