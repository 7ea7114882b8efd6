/* SPDX-License-Identifier: BSD-2-Clause */
/* Texts of kubemoat.yaml and the errors that they must give. */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include <stddef.h>

#include "policy/config.h"
#include "policy/diag.h"

/* km_config_parse() of a text, which must not fail. */
void parse_config(const char *bytes, size_t size, struct km_config *config, struct km_diags *diags);

/* Every error of a text, in the order of places: line, column, part of the message. */
struct config_error {
	unsigned line, column;
	const char *part;
};

struct config_case {
	const char *yaml;
	struct config_error errors[8];
};

/* Each case gives its errors, at their places, and no others. */
void check_configs(const struct config_case *cases, size_t count);

#define CHECK_CONFIGS(cases) check_configs(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
