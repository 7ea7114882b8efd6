/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

/* A file in memory, of what commands write to standard error. */
static int complaints(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("complaints", MFD_CLOEXEC);
	if (fd < 0)
		err(1, "memfd_create");
	return fd;
}

const char *bench_complaints(void)
{
	static char text[2048];
	ssize_t got = pread(complaints(), text, sizeof(text) - 1, 0);

	text[got < 0 ? 0 : got] = '\0';
	return text;
}

pid_t bench_start(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, complaints(), STDERR_FILENO);
	if (ftruncate(complaints(), 0) || lseek(complaints(), 0, SEEK_SET))
		err(1, "complaints");
	r = posix_spawnp(&pid, argv[0], &actions, NULL, (char **)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (r)
		errx(1, "%s: %s", argv[0], strerror(r));
	return pid;
}

int bench_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		err(1, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

void bench_shell(const char *format, ...)
{
	va_list arguments;
	char *text;
	int status;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		err(1, "%s", format);
	va_end(arguments);
	status = bench_wait(bench_start((const char *[]){"sh", "-ec", text, NULL}));
	if (status)
		errx(1, "ended with %d: %s\n%s", status, text, bench_complaints());
	free(text);
}

double bench_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}
