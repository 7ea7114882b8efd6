/* SPDX-License-Identifier: BSD-2-Clause */
#include "rule_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/addr.h"

static void parse(const char *text, enum km_family *family, struct km_ip *ip)
{
	if (km_ip_parse(text, family, ip))
		assert(!"an address");
}

struct km_ip ip_text(const char *text)
{
	enum km_family family;
	struct km_ip ip;

	parse(text, &family, &ip);
	return ip;
}

enum km_family family_text(const char *text)
{
	enum km_family family;
	struct km_ip ip;

	parse(text, &family, &ip);
	return family;
}

void rule_text(struct km_rules *rules, const char *text, uint32_t line, int64_t until)
{
	struct km_rule rule = {.file = 1, .line = line, .until = until, .deny = *text == '!'};
	char address[KM_ADDR_TEXT];
	const char *slash = strchr(text, '/');
	enum km_family family;

	text += rule.deny;
	if (!strcmp(text, "@self")) {
		rules->self[rules->self_count++] =
			(struct km_self_rule){.file = 1, .line = line, .until = until, .deny = rule.deny};
		return;
	}
	snprintf(address, sizeof(address), "%.*s", slash ? (int)(slash - text) : (int)strlen(text), text);
	parse(address, &family, &rule.ip);
	rule.family = family;
	rule.len = slash ? atoi(slash + 1) : (int)km_family_bits(family);
	if (km_rules_add(rules, &rule))
		assert(!"out of memory");
}
