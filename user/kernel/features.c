/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/features.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "cleanup.h"

/* Not by what the verifier says of a helper that it refuses: the words change. */
bool km_lacks_netns_cookie(void)
{
	const struct bpf_insn program[] = {
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_netns_cookie},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	KM_AUTO_CLOSE int fd =
		bpf_prog_load(BPF_PROG_TYPE_CGROUP_SKB, NULL, "GPL", program, sizeof(program) / sizeof(*program), NULL);

	return fd < 0 && errno == EINVAL;
}

/* So many values that no machine has the memory: whether one may be as large is judged before. */
bool km_lacks_large_maps(void)
{
	KM_AUTO_CLOSE int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(uint32_t), 8u << 20, 1u << 30, NULL);

	return fd < 0 && errno == E2BIG;
}
