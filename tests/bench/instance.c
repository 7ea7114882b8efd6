/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <stdio.h>
#include <sys/stat.h>

#include "command.h"
#include "context.h"
#include "instance.h"

void bench_instance_open(const struct bench_context *context, const char *what, const char *cgroup, const char *config,
			 struct bench_instance *instance)
{
	char path[128];
	FILE *out;

	*instance = (struct bench_instance){.command = context->kubemoat, .cgroup = cgroup};
	snprintf(instance->name, sizeof(instance->name), "%s-%s", context->name, what);
	snprintf(instance->dir, sizeof(instance->dir), "%s/%s", context->dir, what);
	if (mkdir(instance->dir, 0700))
		err(1, "%s", instance->dir);
	out = fopen(bench_instance_file(instance, "kubemoat.yaml", path), "we");
	if (!out || fputs(config, out) < 0 || fclose(out))
		err(1, "%s", path);
}

const char *bench_instance_file(const struct bench_instance *instance, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", instance->dir, name);
	return path;
}

int bench_instance_start(const struct bench_instance *instance, const char *verb, const char *first, const char *second)
{
	const char *argv[] = {
		instance->command, "-n", instance->name, "-c",	 instance->dir, "--cgroup",
		instance->cgroup,  verb, first,		 second, NULL,
	};

	return bench_start(argv);
}

void bench_instance_run(const struct bench_instance *instance, const char *verb, const char *first, const char *second)
{
	int status = bench_wait(bench_instance_start(instance, verb, first, second));

	if (status)
		errx(1, "kubemoat -n %s %s ended with %d\n%s", instance->name, verb, status, bench_complaints());
}
