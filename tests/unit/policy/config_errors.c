/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config_errors.h"

void parse_config(const char *bytes, size_t size, struct km_config *config, struct km_diags *diags)
{
	/* An exact copy, so that the sanitizer sees a read beyond it. */
	char *copy = malloc(size ? size : 1);
	struct km_file file = {.bytes = copy, .size = size};

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	assert_int_equal(km_config_parse(&file, config, diags), 0);
	free(copy);
}

void check_configs(const struct config_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct km_config config;
		struct km_diags diags = {0};

		parse_config(cases[i].yaml, strlen(cases[i].yaml), &config, &diags);
		km_diags_sort(&diags);
		for (size_t j = 0; j < diags.count || cases[i].errors[j].line; j++) {
			const struct config_error *want = &cases[i].errors[j];
			const struct km_diag *got = &diags.list[j];

			if (j >= diags.count)
				fail_msg("%s\nmissing error: %u:%u %s", cases[i].yaml, want->line, want->column,
					 want->part);
			if (!want->line || got->line != want->line || got->column != want->column ||
			    !strstr(got->message, want->part))
				fail_msg("%s\nerror %u:%u %s\nexpected %u:%u %s", cases[i].yaml, got->line, got->column,
					 got->message, want->line, want->column, want->part);
			assert_int_equal(got->file, 0);
			assert_int_equal(got->severity, KM_ERROR_DIAG);
		}
		km_diags_free(&diags);
		km_config_free(&config);
	}
}
