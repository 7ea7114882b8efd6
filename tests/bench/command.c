/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
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

/* A program starts with the peak of whoever starts it as its own: ours is forgotten. */
static void forget_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "5", 1) != 1)
		err(1, "/proc/self/clear_refs");
	close(fd);
}

pid_t bench_start(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int r;

	forget_peak();
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

int bench_wait_peak(pid_t pid, double *mib)
{
	struct rusage usage;
	int status;

	if (wait4(pid, &status, 0, &usage) < 0)
		err(1, "wait4");
	*mib = usage.ru_maxrss / 1024.0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int bench_wait(pid_t pid)
{
	double mib;

	return bench_wait_peak(pid, &mib);
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
