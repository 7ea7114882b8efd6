/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "plan.h"
#include "report/json.h"
#include "report/text.h"
#include "verb.h"

int km_cmd_plan(const struct km_options *options)
{
	static struct km_plan plan;
	const char *path = options->argument_count ? options->argument[0] : NULL;
	char config[PATH_MAX];
	struct km_err err = {};
	int status;

	if (path && access(path, F_OK)) {
		km_fail(&err, errno, "%s: cannot be read (%s); name a configuration or its directory", path,
			strerror(errno));
		return km_exit_failed(&err);
	}
	km_settle(&options->target);
	if (km_absolute_path(path ?: options->config, config, &err) ||
	    km_plan_make(&options->target, config, &plan, &err)) {
		status = km_exit_failed(&err);
	} else {
		if (options->json)
			km_json_plan(stdout, &plan);
		else
			km_text_plan(stdout, &plan);
		status = km_plan_hurts(&plan) ? KM_EXIT_NO : KM_EXIT_OK;
	}
	km_plan_free(&plan);
	return status;
}
