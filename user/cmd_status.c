/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "report/json.h"
#include "report/text.h"
#include "status.h"
#include "verb.h"

int km_cmd_status(const struct km_options *options)
{
	bool problems = options->given & KM_OPTION_PROBLEMS && !options->json;
	static struct km_status status;
	struct km_err err = {};
	int exit;

	km_settle(&options->target);
	if (km_status_read(&options->target, problems ? KM_STATUS_HEALTH : KM_STATUS_FULL, &status, &err)) {
		exit = km_exit_failed(&err);
	} else {
		if (options->json)
			km_json_status(stdout, &status);
		else if (problems)
			km_text_problems(stdout, &status);
		else
			km_text_status(stdout, &status);
		exit = km_status_healthy(&status) ? KM_EXIT_OK : KM_EXIT_NO;
	}
	km_status_free(&status);
	return exit;
}
