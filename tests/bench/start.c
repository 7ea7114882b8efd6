/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time is that from the start of `kubemoat load` to its end, nothing being loaded before. The daemon is asked for
 * its memory when it has answered a scrape.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arena.h"
#include "command.h"
#include "context.h"
#include "instance.h"
#include "list.h"
#include "measure.h"
#include "start.h"

#define RULES 100
#define METRICS_PORT 9475
#define PATIENCE_MS 5000

#define START "start.ms"
#define MEMORY "daemon.rss.mib"

static const char config[] = "version: 1\n"
			     "mode: enforce\n"
			     "services:\n"
			     "  bench: {ports: [6443]}\n";

static double load(const struct bench_instance *guard)
{
	double start = bench_now_ms(), took;

	bench_instance_run(guard, "load", NULL, NULL);
	took = bench_now_ms() - start;
	bench_instance_run(guard, "unload", NULL, NULL);
	return took;
}

/* Reads the metrics of the daemon, as soon as it has any. */
static void scrape(void)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(METRICS_PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	double deadline = bench_now_ms() + PATIENCE_MS;
	char answer[4096];
	size_t bytes = 0;
	ssize_t got;
	int fd;

	while (fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), connect(fd, (void *)&address, sizeof(address))) {
		close(fd);
		if (bench_now_ms() > deadline)
			err(1, "metrics of the daemon");
		usleep(10000);
	}
	if (write(fd, request, strlen(request)) != (ssize_t)strlen(request))
		err(1, "metrics of the daemon");
	while ((got = read(fd, answer, sizeof(answer))) > 0)
		bytes += got;
	if (got < 0 || !bytes)
		err(1, "metrics of the daemon");
	close(fd);
}

static double resident_mib(int pid)
{
	char path[64], line[128];
	double kib = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "VmRSS: %lf", &kib) == 1)
			break;
	if (in)
		fclose(in);
	if (kib <= 0)
		errx(1, "%s: no VmRSS", path);
	return kib / 1024;
}

static double run(const struct bench_instance *guard)
{
	int pid = bench_instance_start(guard, "run", NULL, NULL);
	double mib;

	scrape();
	mib = resident_mib(pid);
	kill(pid, SIGTERM);
	if (bench_wait(pid))
		errx(1, "the daemon ended badly\n%s", bench_complaints());
	bench_instance_run(guard, "unload", NULL, NULL);
	return mib;
}

static void measure(const char *id, const char *unit, const struct bench_instance *guard,
		    double (*once)(const struct bench_instance *guard))
{
	struct bench_measure *m;

	if (!bench_wanted(id))
		return;
	m = bench_measure(id, unit, NULL, BENCH_ROUNDS);
	for (unsigned round = 0; round < BENCH_ROUNDS; round++)
		m->value[round] = once(guard);
}

void bench_start_up(const struct bench_context *context)
{
	struct bench_instance guard;
	struct bench_arena arena;
	struct bench_list list;
	char path[128];

	if (!bench_wanted(START) && !bench_wanted(MEMORY))
		return;
	bench_arena_open(context, "start", false, &arena);
	bench_instance_open(context, "start", arena.cgroup, config, &guard);
	bench_list_make(&list, BENCH_V4, RULES, 5);
	bench_list_write(&list, bench_instance_file(&guard, BENCH_ALLOWLIST, path), false);
	bench_arena_enter(&arena);
	measure(START, "ms", &guard, load);
	measure(MEMORY, "MiB", &guard, run);
	bench_arena_leave();
	bench_arena_close(&arena);
	bench_list_free(&list);
}
