// SPDX-License-Identifier: BSD-2-Clause
/*
 * Attaches the programs of foreign.bpf.c, prints "ready", and takes them away when told to end (SIGTERM, SIGINT).
 * The listener to steer to belongs to another process: its socket is taken over by pidfd.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "endpoint.h"

#define LINKS_MAX 64

/* The socket of that process that listens on the port. */
static int listener_of(pid_t pid, unsigned port)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0);
	char path[64];
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (pidfd < 0 || !dir)
		err(1, "process %d", pid);
	while ((entry = readdir(dir))) {
		struct endpoint at = {.length = sizeof(at.v6)};
		socklen_t size = sizeof(int);
		int fd, listens = 0;

		if (*entry->d_name == '.')
			continue;
		fd = syscall(SYS_pidfd_getfd, pidfd, atoi(entry->d_name), 0);
		if (fd >= 0 && !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) && listens &&
		    !getsockname(fd, &at.any, &at.length) && ntohs(at.v4.sin_port) == port) {
			closedir(dir);
			close(pidfd);
			return fd;
		}
		close(fd);
	}
	errx(1, "process %d does not listen on port %u", pid, port);
}

static struct bpf_object *load(unsigned port)
{
	char path[512];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 8);
	struct bpf_object *object;
	struct bpf_map *rodata;
	size_t size;
	__u16 *value;

	if (n < 0)
		err(1, "/proc/self/exe");
	strcpy(path + n, ".bpf.o");
	object = bpf_object__open(path);
	if (libbpf_get_error(object))
		errx(1, "%s: %s", path, strerror(-libbpf_get_error(object)));
	rodata = bpf_object__find_map_by_name(object, ".rodata");
	value = rodata ? (__u16 *)bpf_map__initial_value(rodata, &size) : NULL;
	if (!value)
		errx(1, "%s has no steered_port", path);
	*value = port;
	if (bpf_object__load(object))
		errx(1, "cannot load %s", path);
	return object;
}

static int program(struct bpf_object *object, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(object, name));
}

static void aim(struct bpf_object *object, pid_t pid, unsigned port)
{
	int map = bpf_object__find_map_fd_by_name(object, "target"), listener = listener_of(pid, port);
	__u64 value = listener;
	__u32 zero = 0;

	if (bpf_map_update_elem(map, &zero, &value, BPF_ANY))
		err(1, "socket map");
	close(listener);
}

static void ready_until_told(void)
{
	sigset_t set;
	int caught;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	puts("ready");
	fflush(stdout);
	sigwait(&set, &caught);
}

static int lookup(struct bpf_object *object, unsigned count)
{
	int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < count; i++)
		if (bpf_link_create(program(object, "steer_lookup"), netns, BPF_SK_LOOKUP, NULL) < 0)
			err(1, "sk_lookup program %u of %u", i + 1, count);
	ready_until_told();
	return 0;
}

static int tc(struct bpf_object *object, const char *device)
{
	DECLARE_LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(device), .attach_point = BPF_TC_INGRESS);
	DECLARE_LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = program(object, "steer_tc"), .handle = 1, .priority = 1);
	int code = bpf_tc_hook_create(&hook);

	if (code && code != -EEXIST)
		errx(1, "%s: %s", device, strerror(-code));
	code = bpf_tc_attach(&hook, &opts);
	if (code)
		errx(1, "%s: %s", device, strerror(-code));
	ready_until_told();
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	return bpf_tc_hook_destroy(&hook) ? 1 : 0;
}

static int cgroup(struct bpf_object *object, const char *path, const char *how)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), prog = program(object, "let_in");
	unsigned mode = !strcmp(how, "multi") ? BPF_F_ALLOW_MULTI : !strcmp(how, "override") ? BPF_F_ALLOW_OVERRIDE : 0;

	if (!mode && strcmp(how, "none"))
		errx(2, "\"%s\": expected none, override or multi", how);
	if (fd < 0 || bpf_prog_attach(prog, fd, BPF_CGROUP_INET_INGRESS, mode))
		err(1, "%s", path);
	ready_until_told();
	return bpf_prog_detach2(prog, fd, BPF_CGROUP_INET_INGRESS) ? 1 : 0;
}

/* Lets somebody's pinned link run a program of ours: what BPF_LINK_UPDATE does to whoever can open the pin. */
static int replace(struct bpf_object *object, const char *pin)
{
	struct bpf_link_info info = {};
	__u32 length = sizeof(info);
	int link = bpf_obj_get(pin);
	const char *name;

	if (link < 0 || bpf_obj_get_info_by_fd(link, &info, &length))
		err(1, "%s", pin);
	name = info.type == BPF_LINK_TYPE_NETNS ? "steer_lookup" : "let_in";
	if (bpf_link_update(link, program(object, name), NULL))
		err(1, "%s", pin);
	return 0;
}

int main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct bpf_object *object;

	if (!strcmp(verb, "cgroup") && argc == 4)
		return cgroup(load(0), argv[2], argv[3]);
	if (!strcmp(verb, "replace") && argc == 3)
		return replace(load(0), argv[2]);
	if (argc != 6 || (strcmp(verb, "lookup") && strcmp(verb, "tc"))) {
		fputs("usage: foreign lookup COUNT PORT PID LISTENER-PORT   steer PORT to that listener, COUNT times "
		      "over\n"
		      "       foreign tc DEVICE PORT PID LISTENER-PORT      the same for what comes in by DEVICE\n"
		      "       foreign cgroup PATH none|override|multi       a program that lets everything in\n"
		      "       foreign replace PIN                           that link runs a program that lets all "
		      "in\n",
		      stderr);
		return 2;
	}
	object = load(number("port", argv[3], 65535));
	aim(object, number("process", argv[4], 1 << 30), number("port", argv[5], 65535));
	if (!strcmp(verb, "tc"))
		return tc(object, argv[2]);
	return lookup(object, number("count", argv[2], LINKS_MAX));
}
