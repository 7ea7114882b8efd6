// SPDX-License-Identifier: BSD-2-Clause
/* Runs a command for which one system call fails, as a seccomp profile or an exhausted limit makes it fail. */
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	int number, error, protocol; /* of socket(): that one alone */
} calls[] = {
	{"bpf", SYS_bpf, EPERM, 0},
	{"inotify_init1", SYS_inotify_init1, EMFILE, 0},
	{"sock_diag", SYS_socket, EPROTONOSUPPORT, NETLINK_SOCK_DIAG},
};

int main(int argc, char **argv)
{
	size_t i = 0, count = sizeof(calls) / sizeof(*calls);

	while (argc > 2 && i < count && strcmp(argv[1], calls[i].name))
		i++;
	if (argc < 3 || i == count) {
		fputs("usage: without bpf|inotify_init1|sock_diag COMMAND [ARGUMENT]...\n", stderr);
		return 2;
	}
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i].number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(calls[i].protocol ? BPF_JMP | BPF_JEQ | BPF_K : BPF_JMP | BPF_JGE | BPF_K, calls[i].protocol,
			 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | calls[i].error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		err(3, "seccomp");
	execvp(argv[2], argv + 2);
	err(3, "%s", argv[2]);
}
