/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/kept.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

/* Whoever locked himself out types this at the boot prompt, with a value or without: both are meant. */
static bool on_command_line(void)
{
	FILE *file = fopen("/proc/cmdline", "re");
	KM_AUTO_FREE char *line = NULL;
	bool found = false;
	size_t room = 0;
	char *rest = NULL;

	if (!file)
		return false;
	if (getline(&line, &room, file) > 0)
		for (char *word = strtok_r(line, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
			found |= !strcmp(word, "kubemoat.off") || !strcmp(word, "kubemoat.off=1");
	fclose(file);
	return found;
}

const char *km_off(const char *name, char buffer[256])
{
	static const char *const files[] = {"/etc/kubemoat/off", KM_KEPT_ROOT "/off"};
	struct stat st;

	if (on_command_line())
		return "kubemoat.off on the kernel command line";
	for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (!lstat(files[i], &st))
			return files[i];
	snprintf(buffer, 256, KM_KEPT_ROOT "/%s/off", name);
	return lstat(buffer, &st) ? NULL : buffer;
}
