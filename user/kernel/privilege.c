/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/privilege.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "cleanup.h"

/* Is a seccomp filter in force for this process? It refuses bpf() whatever the capabilities are. */
static bool filtered_by_seccomp(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	int mode = 0;

	if (!status)
		return false;
	while (fgets(line, sizeof(line), status))
		sscanf(line, "Seccomp: %d", &mode);
	fclose(status);
	return mode == 2;
}

int km_privilege_check(struct km_err *err)
{
	KM_AUTO_CLOSE int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(uint32_t), sizeof(uint32_t), 1, NULL);

	if (fd >= 0)
		return 0;
	if (errno == ENOSYS)
		return km_fail(err, ENOSYS, "this kernel has no bpf() system call; it needs CONFIG_BPF_SYSCALL");
	if (errno == EPERM && filtered_by_seccomp())
		return km_fail(err, EPERM,
			       "bpf() is refused: a seccomp profile is in force; allow bpf() in it (in a pod: "
			       "`privileged: true` "
			       "or seccompProfile Unconfined), and give CAP_BPF and CAP_NET_ADMIN");
	if (errno == EPERM)
		return km_fail(err, EPERM,
			       "bpf() is refused: run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (before "
			       "Linux 5.11 "
			       "also CAP_SYS_RESOURCE or `ulimit -l unlimited`)");
	return km_fail(err, errno, "bpf() cannot create a map: %s", strerror(errno));
}
