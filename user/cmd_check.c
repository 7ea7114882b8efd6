/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "host/clock.h"
#include "host/source.h"
#include "policy/policy.h"
#include "report/json.h"
#include "report/text.h"
#include "verb.h"

static void tell_valid(const char *path, const struct km_bundle *bundle, const struct km_policy *policy)
{
	size_t rules = 0;

	if (!policy->config.present)
		printf("%s: no configuration: the built-in services would run in audit mode, with empty lists\n",
		       bundle->files[0].name);
	for (unsigned i = 0; i < policy->config.service_count; i++)
		rules += policy->rules[i].written;
	printf("%s: valid, %u service%s, %zu rule%s\n", path, policy->config.service_count,
	       policy->config.service_count == 1 ? "" : "s", rules, rules == 1 ? "" : "s");
}

static int check(const char *path, const struct km_facts *facts, bool json, struct km_err *err)
{
	struct km_bundle bundle = {};
	struct km_policy policy = {};
	struct km_diags diags = {.all = true};
	int r, status = KM_EXIT_NO;

	r = km_source_read(path, &bundle, err);
	if (!r) {
		r = km_policy_build(&bundle, facts, &policy, &diags);
		if (r || diags.no_memory)
			r = km_fail(err, ENOMEM, "%s: does not fit into memory; shorten its lists", path);
	}
	if (!r) {
		km_diags_sort(&diags);
		if (json)
			km_json_diags(stdout, &bundle, &diags, NULL, 0, 0);
		else
			km_text_diags(stdout, &bundle, &diags, SIZE_MAX);
		if (!diags.errors)
			status = KM_EXIT_OK;
		if (!diags.errors && !json)
			tell_valid(path, &bundle, &policy);
	}
	km_policy_free(&policy);
	km_diags_free(&diags);
	km_bundle_free(&bundle);
	return r ? km_exit_failed(err) : status;
}

int km_cmd_check(const struct km_options *options)
{
	const char *path = options->config;
	struct km_host host;
	struct km_err err = {};
	char absolute[PATH_MAX];
	int status;

	if (options->argument_count) {
		if (km_absolute_path(options->argument[0], absolute, &err))
			return km_exit_failed(&err);
		path = options->argument[0];
		if (access(path, F_OK)) {
			km_fail(&err, errno, "%s: cannot be checked (%s); name a configuration or its directory", path,
				strerror(errno));
			return km_exit_failed(&err);
		}
	}
	/* Own addresses and the port range are good for warnings alone: a check works without them. */
	if (km_host_open(options->target.netns, &host, NULL))
		host = (struct km_host){.netns = -1, .facts.now = km_clock_wall()};
	status = check(path, &host.facts, options->json, &err);
	km_host_close(&host);
	return status;
}
