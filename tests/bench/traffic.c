/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "arena.h"
#include "command.h"
#include "kubemoat.h"
#include "run.h"
#include "traffic.h"

#define MESSAGE 16
#define LAST 'l' /* first byte of a request after whose answer the server closes */
#define MORE 'm'

void bench_traffic_prepare(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "processor 0");
	/* Answers come to the addresses that the client takes as its own. */
	bench_shell("ip rule add not iif lo lookup 100\n"
		    "ip route add local default dev lo table 100");
}

static bool receive(int fd, char message[MESSAGE])
{
	return recv(fd, message, MESSAGE, MSG_WAITALL) == MESSAGE;
}

static void serve(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		char message[MESSAGE];

		if (fd < 0)
			err(1, "accept");
		while (receive(fd, message) && send(fd, message, MESSAGE, MSG_NOSIGNAL) == MESSAGE && *message == MORE)
			;
		close(fd);
	}
}

void bench_server_start(const struct bench_arena *arena, unsigned port, struct bench_server *server)
{
	int listener = bench_arena_listen(arena, port);
	pid_t pid, parent = getpid();

	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		/* What it accepts belongs to the listener's namespace and cgroup, whatever its own. */
		serve(listener);
	}
	close(listener);
	*server = (struct bench_server){.pid = pid, .port = port, .arena = arena};
	if (clock_getcpuclockid(pid, &server->clock))
		errx(1, "no clock of process %d", pid);
}

void bench_server_stop(struct bench_server *server)
{
	kill(server->pid, SIGKILL);
	bench_wait(server->pid);
}

/* CPU time of client and server. */
static double cpu_ns(const struct bench_server *server)
{
	struct timespec client, other;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &client) || clock_gettime(server->clock, &other))
		err(1, "CPU time of the server");
	return (client.tv_sec + other.tv_sec) * 1e9 + client.tv_nsec + other.tv_nsec;
}

static int reach(const struct bench_server *server, struct km_ip source)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(source.word[0])};
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(server->port),
		.sin_addr.s_addr = htonl(server->arena->address),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	if (fd < 0 || setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &yes, sizeof(yes)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) || bind(fd, (void *)&from, sizeof(from)) ||
	    connect(fd, (void *)&to, sizeof(to)))
		err(1, "to the server of %s", server->arena->what);
	return fd;
}

static void exchange(const struct bench_server *server, int fd, char kind)
{
	char message[MESSAGE] = {kind};

	if (send(fd, message, MESSAGE, MSG_NOSIGNAL) != MESSAGE || !receive(fd, message))
		err(1, "the server of %s does not answer", server->arena->what);
}

/* After the server: a RST leaves nothing of the connection on either side, neither of them waits. */
static void leave(int fd)
{
	struct linger at_once = {.l_onoff = 1};
	char nothing;

	if (recv(fd, &nothing, 1, 0) || setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)))
		err(1, "close");
	close(fd);
}

double bench_connects(const struct bench_server *server, const struct km_ip *sources, unsigned count)
{
	double start = cpu_ns(server);

	for (unsigned i = 0; i < count; i++) {
		int fd = reach(server, sources[i]);

		exchange(server, fd, LAST);
		leave(fd);
	}
	return (cpu_ns(server) - start) / count;
}

double bench_requests(const struct bench_server *server, struct km_ip source, unsigned count)
{
	int fd = reach(server, source);
	double start, took;

	exchange(server, fd, MORE);
	start = cpu_ns(server);
	for (unsigned i = 0; i < count; i++)
		exchange(server, fd, MORE);
	took = cpu_ns(server) - start;
	exchange(server, fd, LAST);
	leave(fd);
	return took / count;
}
