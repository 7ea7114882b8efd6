/* SPDX-License-Identifier: BSD-2-Clause */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "arena.h"
#include "command.h"
#include "context.h"
#include "host/cgroup.h"

/* Where the process was before it entered one. */
static int home_ns = -1, home_cgroup = -1;

static void remember_home(const struct bench_context *context)
{
	char line[512], path[KM_CGROUP_PATH + sizeof(line)];
	FILE *in;

	if (home_ns >= 0)
		return;
	home_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	in = fopen("/proc/self/cgroup", "re");
	while (in && fgets(line, sizeof(line), in)) {
		if (strncmp(line, "0::", 3))
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(path, sizeof(path), "%s%s", context->cgroups, line + 3);
		home_cgroup = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (in)
		fclose(in);
	if (home_ns < 0 || home_cgroup < 0)
		err(1, "own namespace and cgroup");
}

static void move(int ns, int cgroup)
{
	int procs = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (procs < 0 || write(procs, "0", 1) != 1 || setns(ns, CLONE_NEWNET))
		err(1, "another namespace and cgroup");
	close(procs);
}

void bench_arena_enter(const struct bench_arena *arena)
{
	int cgroup = open(arena->cgroup, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (cgroup < 0)
		err(1, "%s", arena->cgroup);
	move(arena->ns, cgroup);
	close(cgroup);
}

void bench_arena_leave(void)
{
	move(home_ns, home_cgroup);
}

static void learn_device(struct bench_arena *arena)
{
	struct ifreq request = {.ifr_name = "eth0"};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		err(1, "eth0");
	memcpy(arena->mac, request.ifr_hwaddr.sa_data, sizeof(arena->mac));
	close(fd);
	arena->ifindex = if_nametoindex("eth0");
}

unsigned bench_strangers(const struct bench_context *context)
{
	int cgroup = open(context->cgroups, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__u32 programs[64], count = sizeof(programs) / sizeof(*programs);

	if (cgroup < 0 || bpf_prog_query(cgroup, BPF_CGROUP_INET_INGRESS, 0, NULL, programs, &count))
		err(1, "programs of %s", context->cgroups);
	close(cgroup);
	return count;
}

void bench_arena_open(const struct bench_context *context, const char *what, bool answers, struct bench_arena *arena)
{
	static unsigned number;

	remember_home(context);
	number++;
	*arena = (struct bench_arena){.what = what, .address = 0x0a4d0001 + (number << 8)};
	snprintf(arena->cgroup, sizeof(arena->cgroup), "%.400s/%s-%s", context->cgroups, context->name, what);
	snprintf(arena->device, sizeof(arena->device), "km-%u", number);
	if (mkdir(arena->cgroup, 0755))
		err(1, "%s", arena->cgroup);
	if (unshare(CLONE_NEWNET))
		err(1, "network namespace");
	arena->ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (arena->ns < 0)
		err(1, "network namespace");
	/* Everything that comes in can be answered: the way out has a neighbour, whoever the source was. */
	bench_arena_enter(arena);
	bench_shell("ip link set lo up\n"
		    "ip link add eth0 type veth peer name %s address 02:00:00:00:00:02 netns /proc/%d/fd/%d\n"
		    "ip addr add 10.77.%u.1/24 dev eth0\n"
		    "ip link set eth0 up\n"
		    "ip neigh add 10.77.%u.2 lladdr 02:00:00:00:00:0%d dev eth0\n"
		    "ip route add default via 10.77.%u.2\n",
		    arena->device, getpid(), home_ns, number, number, answers ? 2 : 3, number);
	learn_device(arena);
	bench_arena_leave();
	bench_shell("ip addr add 10.77.%u.2/24 dev %s\n"
		    "ip link set %s up\n"
		    "ip neigh add 10.77.%u.1 lladdr %02x:%02x:%02x:%02x:%02x:%02x dev %s\n",
		    number, arena->device, arena->device, number, arena->mac[0], arena->mac[1], arena->mac[2],
		    arena->mac[3], arena->mac[4], arena->mac[5], arena->device);
}

void bench_arena_close(struct bench_arena *arena)
{
	bench_shell("ip link del %s", arena->device);
	close(arena->ns);
	if (rmdir(arena->cgroup))
		err(1, "%s", arena->cgroup);
}

int bench_arena_listen(const struct bench_arena *arena, unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd, yes = 1;

	bench_arena_enter(arena);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ||
	    bind(fd, (void *)&address, sizeof(address)) || listen(fd, 4096))
		err(1, "port %u", port);
	bench_arena_leave();
	return fd;
}
