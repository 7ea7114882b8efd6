/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is an address in a set of the image? The counterpart of user/policy/tree.c, which builds. Compiled for the kernel,
 * and for the tests that hold it against the oracle.
 *
 *   word[0] >> shift
 *        |        index            node: 15 intervals of one word       answer of an interval
 *        v      +-------+         +------------------------------+
 *        +----> | entry | ------> | key[0] key[1] ... key[13]    |      deep 0: in the set or not
 *               +-------+  line   | deep  bits  link             | ---> deep 1: another node,
 *               0 / 1: answer     +------------------------------+      for the same word or the next
 */
#ifndef KM_RANGES_H
#define KM_RANGES_H

#include "kubemoat.h"

/*
 * Hides where a number came from. Without it clang 14 turns the sign of a difference into a compare and a branch, and
 * the verifier follows both ways of each of 14 branches.
 */
#define KM_OPAQUE(x) asm volatile("" : "+r"(x))

/* How many of the keys are below x. No branch: a miss in the branch predictor costs as much as the whole node. */
static __always_inline __u32 km_node_interval(const struct km_node *node, __u32 x)
{
	__u64 below = 0;

#ifdef __clang__ /* the tests are built by gcc, which does not know it */
#pragma unroll
#endif
	for (int i = 0; i < KM_NODE_KEYS; i++) {
		__u64 difference = (__u64)node->key[i] - x;

		KM_OPAQUE(difference);
		below += difference >> 63;
	}
	return below;
}

/* Bits set in the low 15 bits. BPF has no instruction for it. */
static __always_inline __u32 km_bits_set(__u32 x)
{
	x = x - ((x >> 1) & 0x5555);
	x = (x & 0x3333) + ((x >> 2) & 0x3333);
	x = (x + (x >> 4)) & 0x0f0f;
	return (x + (x >> 8)) & 0x1f;
}

/*
 * True if ip is in the set. `mask` is the image's size in bytes - 1: every offset goes through it, so that the
 * verifier sees that it stays inside; a well-formed image never needs it.
 *
 * In line, for the one question that an allowed connection asks: a call and its return cost as much as a node.
 */
static __always_inline int km_set_find(const void *image, __u32 mask, const struct km_set *set, const struct km_ip *ip)
{
	__u32 x = ip->word[0], next1 = ip->word[1], next2 = ip->word[2], next3 = ip->word[3];
	__u64 offset = (__u64)set->index * KM_LINE + ((__u64)x >> (set->shift & 63)) * sizeof(__u32);
	__u32 line = *(const __u32 *)(image + (offset & (mask & ~3u)));

	for (int depth = 0; depth < KM_DEPTH; depth++) {
		const struct km_node *node;
		__u32 interval, take;

		if (line <= 1)
			return line;
		offset = (__u64)line * KM_LINE;
		node = image + (offset & (mask & ~(KM_LINE - 1)));
		interval = km_node_interval(node, x) & 15;
		if (!(node->deep >> interval & 1))
			return node->bits >> interval & 1;
		/*
		 * To the next word, or not (take 0), without a branch: the verifier would follow every sequence of
		 * choices. A mask of all ones or none would not do: newer kernels fork on those too.
		 */
		take = node->bits >> interval & 1;
		x += (next1 - x) * take;
		next1 += (next2 - next1) * take;
		next2 += (next3 - next2) * take;
		line = node->link + km_bits_set(node->deep & ((1u << interval) - 1));
	}
	return 0;
}

#endif
