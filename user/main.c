/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "error.h"
#include "options.h"
#include "verb.h"
#include "version.h"

int main(int argc, char **argv)
{
	static struct km_options options;
	struct km_err err = {};

	if (km_options_parse(argc, argv, &options, &err))
		return km_exit_usage("%s", err.text);
	if (options.given & KM_OPTION_HELP) {
		km_help(stdout, options.verb);
		return km_exit_written(KM_EXIT_OK);
	}
	if (options.given & KM_OPTION_VERSION) {
		printf("kubemoat %s\n", KM_VERSION);
		return km_exit_written(KM_EXIT_OK);
	}
	return km_exit_written(options.verb->run(&options));
}
