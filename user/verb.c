/* SPDX-License-Identifier: BSD-2-Clause */
#include "verb.h"

#include <string.h>

#include "policy/nearest.h"

const struct km_verb km_verbs[] = {
	{"run", "", "guard in the foreground: load, watch the files, report denials", KM_OPTION_DETACH_ON_EXIT, 0, 0,
	 km_cmd_run},
	{"load", "", "attach and enforce, then exit", 0, 0, 0, km_cmd_load},
	{"reload", "", "put the files as they are now in force", KM_OPTION_FORCE | KM_OPTION_CONFIRM | KM_OPTION_ACCEPT,
	 0, 0, km_cmd_reload},
	{"unload", "", "take the guard away, of any version; nothing is filtered any more", 0, 0, 0, km_cmd_unload},
	{"check", "[PATH]", "validate the configuration and its lists; exit 1: invalid", 0, 0, 1, km_cmd_check},
	{"explain", "SERVICE|PORT ADDRESS [PATH]", "who decides about a source, and where; exit 1: not allowed", 0, 2,
	 3, km_cmd_explain},
	{"plan", "[PATH]", "what a reload would change, and whom it would cut off; exit 1: somebody", 0, 0, 1,
	 km_cmd_plan},
	{"status", "", "what is attached and in force; exit 1: degraded or not loaded", KM_OPTION_PROBLEMS, 0, 0,
	 km_cmd_status},
	{"stats", "", "counters by service, verdict and reason", KM_OPTION_WATCH, 0, 0, km_cmd_stats},
	{"drops", "", "recent denials, newest last", KM_OPTION_FOLLOW | KM_OPTION_TOP, 0, 0, km_cmd_drops},
	{"learn", "SERVICE", "an allowlist made from the sources seen", 0, 1, 1, NULL},
	{"audit", "", "posture of the control plane on this host", 0, 0, 0, NULL},
	{},
};

const struct km_verb *km_verb_find(const char *name, const char **nearest)
{
	struct km_nearest search = {.word = name};

	for (const struct km_verb *verb = km_verbs; verb->name; verb++) {
		if (!strcmp(verb->name, name))
			return verb;
		if (verb->run)
			km_nearest_offer(&search, verb->name);
	}
	*nearest = search.best;
	return NULL;
}

static void help_verb(FILE *out, const struct km_verb *verb)
{
	fprintf(out, "Usage: kubemoat %s%s%s [OPTION]...\n\n", verb->name, *verb->arguments ? " " : "",
		verb->arguments);
	fprintf(out, "  %s%s\n\nOptions:\n", verb->help, verb->run ? "" : " (not supported by this version)");
	km_options_help(out, KM_OPTIONS_GLOBAL | verb->options);
}

void km_help(FILE *out, const struct km_verb *verb)
{
	if (verb) {
		help_verb(out, verb);
		return;
	}
	fputs("Usage: kubemoat [OPTION]... VERB [ARGUMENT]...\n\n"
	      "Decides which source addresses reach the API server, etcd and other guarded ports of this host.\n\n"
	      "Verbs:\n",
	      out);
	for (verb = km_verbs; verb->name; verb++)
		if (verb->run)
			fprintf(out, "  %-8s%-29s%s\n", verb->name, verb->arguments, verb->help);
	fputs("\nOptions, before or after the verb:\n", out);
	km_options_help(out, KM_OPTIONS_GLOBAL);
	for (verb = km_verbs; verb->name; verb++) {
		if (!verb->options)
			continue;
		fprintf(out, "\nOptions of %s:\n", verb->name);
		km_options_help(out, verb->options);
	}
	fputs("\nHow to get out:\n"
	      "  kubemoat unload          takes everything away at once; needs neither files nor a daemon\n"
	      "  kubemoat.off             on the kernel command line: nothing is attached at boot\n"
	      "  /etc/kubemoat/off        the same as a file; so do /var/lib/kubemoat/off and, for one instance,\n"
	      "                           /var/lib/kubemoat/NAME/off. What is attached already stays until unload.\n"
	      "\nExit status:\n"
	      "  0 and 1 as the verbs say, 2 wrong usage, 3 could not be done\n",
	      out);
}
