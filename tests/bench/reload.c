/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kubemoat.h"
#include "list.h"
#include "measure.h"
#include "policy/addr.h"
#include "reload.h"

#define PREFIXES 1000000
#define LISTS 2 /* in turn */

static const char config[] = "version: 1\n"
			     "mode: enforce\n"
			     "services:\n"
			     "  bench: {ports: [6443]}\n";

struct command {
	const char *path;
	char name[32]; /* instance */
	char dir[32];  /* of the configuration */
};

/* Exit status of `kubemoat -n NAME -c DIR VERB [ARGUMENT]...`; its standard output goes nowhere. */
static int run(const struct command *command, const char *verb, const char *first, const char *second)
{
	const char *argv[] = {command->path, "-n", command->name, "-c", command->dir, verb, first, second, NULL};
	posix_spawn_file_actions_t actions;
	int r, status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawn(&pid, command->path, &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		errx(1, "%s: %s", command->path, strerror(r));
	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static void expect(const struct command *command, const char *verb, const char *first, const char *second, int want)
{
	int status = run(command, verb, first, second);

	if (status == want)
		return;
	run(command, "unload", NULL, NULL);
	errx(1, "kubemoat %s ended with %d, not %d", verb, status, want);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static const char *file(const struct command *command, const char *name, char path[64])
{
	snprintf(path, 64, "%s/%s", command->dir, name);
	return path;
}

static void write_config(const struct command *command)
{
	char path[64];
	FILE *out = fopen(file(command, "kubemoat.yaml", path), "we");

	if (!out || fputs(config, out) < 0 || fclose(out))
		err(1, "%s", path);
}

/* The list takes the place of the one before, as a writer that is careful would do it. */
static void exchange(const struct command *command, const char *list)
{
	char from[64], beside[64], to[64];

	file(command, "bench.new", beside);
	if (link(file(command, list, from), beside) || rename(beside, file(command, "bench.allow", to)))
		err(1, "%s", to);
}

static void remove_files(const struct command *command)
{
	static const char *const names[] = {"kubemoat.yaml", "bench.allow", "0", "1"};
	char path[64];

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		unlink(file(command, names[i], path));
	rmdir(command->dir);
}

void bench_reload(const char *kubemoat, enum km_family family, struct bench_measure *measure)
{
	struct command command = {.path = kubemoat, .dir = "/run/kubemoat-bench-XXXXXX"};
	static const char *const names[LISTS] = {"0", "1"};
	char source[LISTS][KM_ADDR_TEXT], path[64];

	snprintf(command.name, sizeof(command.name), "km-bench-%d", getpid());
	if (!mkdtemp(command.dir))
		err(1, "%s", command.dir);
	write_config(&command);
	for (int i = 0; i < LISTS; i++) {
		struct bench_list list;

		bench_list_make(&list, family, PREFIXES, 100 + i);
		bench_list_write(&list, file(&command, names[i], path));
		km_ip_format(family, bench_list_source(&list, true), source[i]);
		bench_list_free(&list);
	}
	*measure = (struct bench_measure){.unit = "ms", .bound = 1500};
	snprintf(measure->id, sizeof(measure->id), "reload.%s.1m.ms", family == KM_V4 ? "v4" : "v6");

	exchange(&command, names[1]);
	expect(&command, "load", NULL, NULL, 0);
	for (int r = 0; r < BENCH_ROUNDS; r++) {
		double start;

		exchange(&command, names[r % LISTS]);
		start = now_ms();
		expect(&command, "reload", NULL, NULL, 0);
		measure->value[r] = now_ms() - start;
		expect(&command, "explain", "bench", source[r % LISTS], 0);
	}
	expect(&command, "unload", NULL, NULL, 0);
	remove_files(&command);
}
