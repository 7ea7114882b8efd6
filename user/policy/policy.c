/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/policy.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "policy/addr.h"
#include "policy/allowlist.h"
#include "policy/overlap.h"
#include "policy/warn.h"

struct build {
	const struct km_bundle *bundle;
	struct km_policy *policy;
	struct km_diags *diags;
	bool *seen; /* of each file of the bundle: what is wrong with it was said */
	int64_t now;
};

/* A name that was written is an error where it is written; a default one has no other place than the list itself. */
static void list_error(struct build *b, unsigned service, const struct km_config_list *list, unsigned file,
		       const char *why)
{
	bool written = list->place.line;

	km_diag_error(b->diags, written ? 0 : file, written ? list->place.line : 1, written ? list->place.column : 1,
		      "allowlist \"%s\" of service \"%s\": %s", list->name, b->policy->config.services[service].name,
		      why);
}

static int parse_again(struct build *b, unsigned file, struct km_rules *rules)
{
	const struct km_file *source = &b->bundle->files[file];
	struct km_diags said_already = {0};
	int err = km_allowlist_parse(source->bytes, source->size, file, b->now, rules, &said_already);

	km_diags_free(&said_already);
	return err;
}

static int read_list(struct build *b, unsigned service, const struct km_config_list *list)
{
	struct km_rules *rules = &b->policy->rules[service];
	int file = km_bundle_find(b->bundle, list->name);
	const struct km_file *source;

	if (file < 0) {
		list_error(b, service, list, 0, "is not among the files that were read; reload once they are complete");
		return 0;
	}
	source = &b->bundle->files[file];
	if (b->seen[file])
		return source->trouble ? 0 : parse_again(b, file, rules);
	b->seen[file] = true;
	if (source->trouble) {
		list_error(b, service, list, file, source->trouble);
		return 0;
	}
	return km_allowlist_parse(source->bytes, source->size, file, b->now, rules, b->diags);
}

static int read_lists(struct build *b)
{
	const struct km_config *config = &b->policy->config;

	for (unsigned i = 0; i < config->service_count; i++) {
		for (unsigned l = 0; l < config->services[i].list_count; l++) {
			int err = read_list(b, i, &config->services[i].lists[l]);

			if (err)
				return err;
		}
		km_rules_sort(&b->policy->rules[i]);
		km_rules_warn(&b->policy->rules[i], b->diags);
	}
	return 0;
}

static int64_t next_until(const struct km_policy *policy, int64_t now)
{
	int64_t next = KM_FOREVER;

	for (unsigned i = 0; i < policy->config.service_count; i++) {
		const struct km_rules *rules = &policy->rules[i];

		for (size_t r = 0; r < rules->count; r++)
			if (rules->list[r].until > now && rules->list[r].until < next)
				next = rules->list[r].until;
		for (unsigned r = 0; r < rules->self_count; r++)
			if (rules->self[r].until > now && rules->self[r].until < next)
				next = rules->self[r].until;
	}
	return next;
}

static bool same_place(const struct km_diag *a, const struct km_diag *b)
{
	return a->severity == b->severity && a->file == b->file && a->line == b->line && a->column == b->column;
}

/* True if one of the diags before it says the same of the same place. `list` is sorted. */
static bool is_repeat(const struct km_diag *list, size_t count, const struct km_diag *diag)
{
	for (; count && same_place(&list[count - 1], diag); count--)
		if (!strcmp(list[count - 1].message, diag->message))
			return true;
	return false;
}

/* Two services that name one list get the same warnings of it. */
static void drop_repeats(struct km_diags *diags)
{
	size_t kept = 0;

	km_diags_sort(diags);
	for (size_t i = 0; i < diags->count; i++) {
		if (!is_repeat(diags->list, kept, &diags->list[i])) {
			diags->list[kept++] = diags->list[i];
			continue;
		}
		free(diags->list[i].message);
		if (diags->list[i].severity == KM_WARNING_DIAG)
			diags->warnings--;
		else
			diags->errors--;
	}
	diags->count = kept;
}

static int build_from_files(struct build *b, const struct km_facts *facts)
{
	int err = km_config_parse(&b->bundle->files[0], &b->policy->config, b->diags);

	if (!err)
		err = read_lists(b);
	if (!err)
		err = km_warn_own(b->policy, facts, b->diags);
	if (err)
		return err;
	if (facts)
		km_warn_ports(&b->policy->config, facts, b->diags);
	b->policy->next_until = next_until(b->policy, b->now);
	drop_repeats(b->diags);
	return b->diags->no_memory ? -ENOMEM : 0;
}

int km_policy_build(const struct km_bundle *bundle, const struct km_facts *facts, struct km_policy *policy,
		    struct km_diags *diags)
{
	KM_AUTO_FREE bool *seen = calloc(bundle->count, sizeof(*seen));
	struct build b = {
		.bundle = bundle,
		.policy = policy,
		.diags = diags,
		.seen = seen,
		.now = facts ? facts->now : 0,
	};

	*policy = (struct km_policy){.next_until = KM_FOREVER};
	memcpy(policy->hash, bundle->hash, sizeof(policy->hash));
	return seen ? build_from_files(&b, facts) : -ENOMEM;
}

void km_policy_free(struct km_policy *policy)
{
	for (unsigned i = 0; i < KM_SERVICES; i++)
		km_rules_free(&policy->rules[i]);
	km_config_free(&policy->config);
}

int km_policy_service_of_port(const struct km_policy *policy, unsigned port)
{
	const struct km_config *config = &policy->config;

	for (unsigned i = 0; i < config->service_count; i++)
		for (unsigned p = 0; p < config->services[i].port_count; p++)
			if (config->services[i].ports[p] == port)
				return (int)i;
	return -1;
}

static int service_by_port(const struct km_policy *policy, const char *text)
{
	unsigned port = 0;

	if (text[0] == '0' || strspn(text, "0123456789") != strlen(text) || strlen(text) > 5)
		return -1;
	for (; *text; text++)
		port = port * 10 + (*text - '0');
	return km_policy_service_of_port(policy, port);
}

int km_policy_service(const struct km_policy *policy, const char *name_or_port)
{
	for (unsigned i = 0; i < policy->config.service_count; i++)
		if (!strcmp(policy->config.services[i].name, name_or_port))
			return (int)i;
	return service_by_port(policy, name_or_port);
}

bool km_policy_family_ruled(const struct km_policy *policy, unsigned service, enum km_family family, int64_t now)
{
	const struct km_rules *rules = &policy->rules[service];
	const struct km_rule *denied = NULL;

	for (size_t i = 0; i < rules->count; i++) {
		const struct km_rule *rule = &rules->list[i];

		if (rule->family != family || rule->until <= now)
			continue;
		/* Of equal prefixes the denying ones come first, and win. */
		if (rule->deny)
			denied = rule;
		else if (!denied || denied->len != rule->len || km_ip_compare(denied->ip, rule->ip))
			return true;
	}
	return false;
}
