// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the programs' precedence about a tuple that a packet carries, for any path: cgroup_skb programs cannot be run
 * with a socket that has a port.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "decide.h"
#include "image.h"
#include "question.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tc")
int decide(struct __sk_buff *skb)
{
	const struct km_image *image = km_image_in_force();
	struct question q;

	if (!image || bpf_skb_load_bytes(skb, QUESTION_OFFSET, &q, sizeof(q)))
		return -1;
	return km_decide(image, km_image_mask, q.service & (KM_SERVICES - 1), &q.tuple, q.path) & 0xff;
}
