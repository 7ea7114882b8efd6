/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "facts.h"
#include "inforce.h"
#include "kernel/book.h"
#include "policy/addr.h"
#include "policy/explain.h"
#include "policy/nearest.h"
#include "report/json.h"
#include "report/text.h"
#include "verb.h"

/* True if a policy of that instance is in force. 0 or -errno with *err. */
static int is_loaded(const struct km_target *target, bool *loaded, bool *clock_doubted, struct km_err *err)
{
	struct km_state state = {};
	int r = km_book_peek(target->bpffs, target->name, &state, err);

	*loaded = !r && state.generation;
	*clock_doubted = state.clock_doubted;
	return r == -ENOENT ? 0 : r;
}

/* The policy to answer from: PATH, what is in force, or the files of -c. */
static int find_ruling(const struct km_options *options, struct km_facts *facts, struct km_ruling *ruling,
		       struct km_answer *answer, struct km_err *err)
{
	const char *path = options->argument_count > 2 ? options->argument[2] : NULL;
	char absolute[PATH_MAX];
	bool loaded;
	int r;

	if (path) {
		answer->files = path;
		if (access(path, F_OK))
			return km_fail(err, errno, "%s: cannot be read (%s); name a configuration or its directory",
				       path, strerror(errno));
		r = km_absolute_path(path, absolute, err);
		return r ?: km_ruling_files(absolute, facts, ruling, err);
	}
	r = is_loaded(&options->target, &loaded, &facts->clock_doubted, err);
	if (r)
		return r;
	if (loaded)
		return km_ruling_kept(options->target.name, false, facts, ruling, err);
	answer->files = options->config;
	answer->not_loaded = true;
	return km_ruling_files(options->config, facts, ruling, err);
}

static int unknown_port(const struct km_config *config, const char *word)
{
	const struct km_config_service *nearest = &config->services[0];
	long wanted = strtol(word, NULL, 10), nearest_port = -1;

	for (unsigned i = 0; i < config->service_count; i++) {
		const struct km_config_service *service = &config->services[i];

		for (unsigned j = 0; j < service->port_count; j++) {
			long port = service->ports[j];

			if (nearest_port >= 0 && labs(port - wanted) >= labs(nearest_port - wanted))
				continue;
			nearest = service;
			nearest_port = port;
		}
	}
	return km_exit_usage("%s: no service guards that port; the nearest is %ld of %s", word, nearest_port,
			     nearest->name);
}

static int unknown_service(const struct km_config *config, const char *word)
{
	struct km_nearest search = {.word = word};

	if (!word[strspn(word, "0123456789")])
		return unknown_port(config, word);
	for (unsigned i = 0; i < config->service_count; i++)
		km_nearest_offer(&search, config->services[i].name);
	return km_exit_usage("'%s': no such service; the nearest is %s", word, search.best);
}

static int answer_from(const struct km_options *options, const struct km_facts *facts, const struct km_ruling *ruling,
		       struct km_answer *answer)
{
	int service = km_policy_service(&ruling->policy, options->argument[0]);
	struct km_explanation *explanation = &answer->explanation;

	if (service < 0)
		return unknown_service(&ruling->policy.config, options->argument[0]);
	answer->service = ruling->policy.config.services[service].name;
	km_explain(&ruling->policy, &ruling->bundle, facts, (unsigned)service, answer->family, answer->source,
		   explanation);
	if (explanation->has_rule)
		km_ruling_place(ruling, explanation->file, explanation->line, answer->rule);
	if (options->json)
		km_json_answer(stdout, answer);
	else
		km_text_answer(stdout, answer);
	return explanation->verdict == KM_ALLOW ? KM_EXIT_OK : KM_EXIT_NO;
}

int km_cmd_explain(const struct km_options *options)
{
	struct km_ruling ruling = {};
	struct km_answer answer = {};
	struct km_host host = {.netns = -1};
	struct km_err err = {};
	int status;

	if (km_ip_parse(options->argument[1], &answer.family, &answer.source))
		return km_exit_usage("%s: not an address; say it as 192.0.2.7 or 2001:db8::7", options->argument[1]);
	km_settle(&options->target);
	if (km_host_open(options->target.netns, &host, &err) ||
	    find_ruling(options, &host.facts, &ruling, &answer, &err))
		status = km_exit_failed(&err);
	else
		status = answer_from(options, &host.facts, &ruling, &answer);
	km_ruling_free(&ruling);
	km_host_close(&host);
	return status;
}
