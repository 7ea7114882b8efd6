// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("sk_lookup")
int km_lookup(struct bpf_sk_lookup *ctx)
{
	return SK_PASS;
}
