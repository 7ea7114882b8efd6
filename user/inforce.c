/* SPDX-License-Identifier: BSD-2-Clause */
#include "inforce.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/clock.h"
#include "host/kept.h"
#include "host/source.h"
#include "policy/addr.h"
#include "policy/diag.h"
#include "policy/explain.h"

/* How long a policy that could not be read, or is kept a moment after it came into force, is not asked for again. */
#define READ_AGAIN_NS 5000000000

static int build(struct km_ruling *ruling, const struct km_facts *facts, const char *what, struct km_err *err)
{
	struct km_diags diags = {};
	int r;

	r = km_policy_build(&ruling->bundle, facts, &ruling->policy, &diags);
	ruling->built = true;
	if (r) {
		km_fail(err, -r, "%s: the policy does not fit into memory; add memory or shorten its lists", what);
	} else if (diags.errors) {
		const struct km_diag *first;

		km_diags_sort(&diags);
		first = &diags.list[0];
		r = km_fail(err, EINVAL,
			    "%s: invalid, %zu error%s, the first %s:%u:%u: %s; kubemoat check %s shows all", what,
			    diags.errors, diags.errors == 1 ? "" : "s", ruling->bundle.files[first->file].name,
			    first->line, first->column, first->message, what);
	}
	km_diags_free(&diags);
	return r;
}

int km_ruling_kept(const char *name, bool previous, const struct km_facts *facts, struct km_ruling *ruling,
		   struct km_err *err)
{
	char what[64];
	int r;

	r = km_kept_read(name, previous ? KM_KEPT_ACCEPTED : KM_KEPT_TRIAL, &ruling->bundle, &ruling->generation, NULL);
	if (r || (previous && !km_kept_on_trial(name))) {
		km_bundle_free(&ruling->bundle);
		r = km_kept_read(name, previous ? KM_KEPT_PREVIOUS : KM_KEPT_ACCEPTED, &ruling->bundle,
				 &ruling->generation, err);
	}
	if (r)
		return r;
	snprintf(what, sizeof(what), "kept policy of %s", name);
	return build(ruling, facts, what, err);
}

int km_ruling_files(const char *config, const struct km_facts *facts, struct km_ruling *ruling, struct km_err *err)
{
	int r;

	r = km_source_read(config, &ruling->bundle, err);
	return r ?: build(ruling, facts, config, err);
}

void km_ruling_free(struct km_ruling *ruling)
{
	if (ruling->built)
		km_policy_free(&ruling->policy);
	km_bundle_free(&ruling->bundle);
	*ruling = (struct km_ruling){};
}

void km_ruling_place(const struct km_ruling *ruling, unsigned file, unsigned line, char text[KM_RULE_TEXT])
{
	snprintf(text, KM_RULE_TEXT, "%s:%u", ruling->bundle.files[file].name, line);
}

int km_inforce_open(const struct km_pins *pins, const char *name, const char *netns, struct km_inforce **inforce,
		    struct km_err *err)
{
	struct km_inforce *new = calloc(1, sizeof(*new));
	int r;

	if (!new)
		return km_fail(err, ENOMEM, "%s: no memory to name its rules", name);
	new->name = name;
	new->netns = netns;
	new->host.netns = -1;
	r = km_book_open(pins, false, &new->book, err);
	if (r) {
		free(new);
		return r;
	}
	r = km_book_names(&new->book, new->rows, err);
	if (r) {
		km_inforce_close(new);
		return r;
	}
	*inforce = new;
	return 0;
}

void km_inforce_close(struct km_inforce *inforce)
{
	if (!inforce)
		return;
	km_ruling_free(&inforce->current);
	km_ruling_free(&inforce->previous);
	km_host_close(&inforce->host);
	km_book_close(&inforce->book);
	free(inforce);
}

/* Denials are told without their rule rather than not at all: what cannot be read is left empty. */
static void read_again(struct km_inforce *inforce)
{
	inforce->read_at = km_clock_boot();
	km_ruling_free(&inforce->current);
	km_ruling_free(&inforce->previous);
	km_host_close(&inforce->host);
	if (km_host_open(inforce->netns, &inforce->host, NULL))
		inforce->host = (struct km_host){.netns = -1, .facts.now = km_clock_wall()};
	km_book_names(&inforce->book, inforce->rows, NULL);
	if (km_ruling_kept(inforce->name, false, &inforce->host.facts, &inforce->current, NULL))
		km_ruling_free(&inforce->current);
	if (km_ruling_kept(inforce->name, true, &inforce->host.facts, &inforce->previous, NULL))
		km_ruling_free(&inforce->previous);
}

static int service_of(const struct km_ruling *ruling, const char *name)
{
	const struct km_config *config = &ruling->policy.config;

	for (unsigned i = 0; ruling->built && i < config->service_count; i++)
		if (!strcmp(config->services[i].name, name))
			return (int)i;
	return -1;
}

static bool is_own(const struct km_facts *facts, enum km_family family, struct km_ip ip)
{
	for (size_t i = 0; i < facts->own_count; i++)
		if (facts->own[i].family == family && !km_ip_compare(facts->own[i].ip, ip))
			return true;
	return km_ip_loopback(family, ip);
}

/*
 * The policy that decided. The kept generation of the previous one is the last that it was in force for; generations
 * start afresh with the pins, so after a boot it may be the larger number.
 */
static const struct km_ruling *ruling_of(const struct km_inforce *inforce, uint64_t generation)
{
	if (inforce->previous.built && generation < inforce->current.generation &&
	    generation <= inforce->previous.generation)
		return &inforce->previous;
	return &inforce->current;
}

static void name_rule(const struct km_inforce *inforce, const struct km_event *event, struct km_denial *denial)
{
	const struct km_ruling *ruling = ruling_of(inforce, event->generation);
	struct km_facts facts = inforce->host.facts;
	int service = service_of(ruling, denial->service);
	unsigned file, line;

	if (service < 0)
		return;
	facts.now = denial->time;
	if (is_own(&facts, denial->family, denial->source)) {
		struct km_explanation explanation;

		km_explain(&ruling->policy, &ruling->bundle, &facts, (unsigned)service, denial->family, denial->source,
			   &explanation);
		if (explanation.verdict == KM_ALLOW || !explanation.has_rule)
			return;
		file = explanation.file;
		line = explanation.line;
	} else if (!km_explain_rule(&ruling->policy, &facts, (unsigned)service, denial->family, denial->source, &file,
				    &line)) {
		return;
	}
	km_ruling_place(ruling, file, line, denial->rule);
}

void km_inforce_denial(struct km_inforce *inforce, const struct km_event *event, struct km_denial *denial)
{
	const struct km_name_row *row;

	if (event->generation > inforce->current.generation &&
	    (!inforce->read_at || km_clock_boot() - inforce->read_at > READ_AGAIN_NS))
		read_again(inforce);
	row = &inforce->rows[event->slot % KM_SLOTS];
	*denial = (struct km_denial){
		.time = (int64_t)event->time + km_clock_wall() - km_clock_boot(),
		.verdict = event->verdict,
		.reason = event->reason,
		.family = event->family == KM_V4 ? KM_V4 : KM_V6,
		.source = event->source,
		.destination = event->destination,
		.source_port = event->source_port,
		.port = event->port,
	};
	memcpy(denial->service, row->name, sizeof(denial->service));
	if (denial->reason == KM_DENIED_SOURCE || denial->reason == KM_REVOKED)
		name_rule(inforce, event, denial);
}
