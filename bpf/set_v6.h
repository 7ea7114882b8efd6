/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is an IPv6 address in a set of the image? The counterpart of user/policy/set_v6.c, which builds. Compiled for the
 * kernel, and for the tests that hold it against a plain search.
 *
 *   address   |<-- block: 33 bits -->|<-- place: 31 bits -->|<------- host: 64 bits ------->|
 *             |<----------------- network ----------------->|
 *
 *   block --hash--> slots of `blocks`             leaf                            answer
 *                   +--------------+             +-----------------------+
 *                   | block | line | -- place -> | key[0] ... key[14]    | --> number of keys at or below the
 *                   +--------------+             | link: start, flags    |     place, odd: the start turned round
 *                     none: `rest`               +-----------------------+
 *                           |                        ^   inner nodes before it, where a block has more
 *                           +-- upper 31 bits -------+   than 15 changes
 *
 *   Where the leaf says that there are exceptions (rules longer than /64), the network is looked up as well:
 *
 *   network --hash--> slots of `networks`         leaf
 *                     +-----------------+        +-----------------------+
 *                     | network | host  | or --> | key[0] ... key[6]     | --> odd number of keys below the host,
 *                     |         | line  |        | link: start           |     or that one host: the answer is
 *                     +-----------------+        +-----------------------+     turned round
 *
 * So most addresses cost two lines of memory, whatever the length of the rule. Blocks of which all is in the set, or
 * all is not, have a slot only in short runs; long runs (rules shorter than about /27) are what `rest` knows.
 *
 * Why 31 bits: 15 keys in 32-bit lanes are compared at once. A lane holds the place with its top bit set; less the key,
 * the top bit stays if the key is at or below the place, and no lane borrows from another. For the parity of such bits
 * the differences need only be XORed. No branch depends on a key: a miss in the branch predictor costs as much as the
 * rest, and the verifier would follow both ways of each.
 */
#ifndef KM_SET_V6_H
#define KM_SET_V6_H

#include "kubemoat.h"

#define KM_V6_TOP_BITS 0x8000000080000000ull
#define KM_V6_LANES (KM_V6_KEYS / 2) /* pairs of keys; the last one stands alone, beside the link */

/* Line `line` of the image. `mask` bounds it for the verifier; a well-formed image never needs it. */
static __always_inline const void *km_v6_line(const void *image, __u32 mask, __u64 line)
{
	return image + (line * KM_LINE & (mask & ~(KM_LINE - 1)));
}

/* The leaf's flags, KM_V6_START turned round by the keys that are at or below x. */
static __always_inline __u32 km_v6_leaf(const struct km_v6_node *node, __u64 lanes)
{
	const __u64 *pair = (const __u64 *)node->key;
	__u64 parity = 0;

#ifdef __clang__ /* the tests are built by gcc, which does not know it */
#pragma unroll
#endif
	for (int i = 0; i < KM_V6_LANES; i++)
		parity ^= lanes - pair[i];
	parity ^= parity >> 32;
	parity ^= lanes - node->key[KM_V6_KEYS - 1];
	return node->link ^ (parity >> 31 & KM_V6_START);
}

/* Which child of an inner node: the number of keys at or below x. */
static __always_inline __u32 km_v6_child(const struct km_v6_node *node, __u64 lanes)
{
	const __u64 *pair = (const __u64 *)node->key;
	__u64 below = 0;

#ifdef __clang__
#pragma unroll
#endif
	for (int i = 0; i < KM_V6_LANES; i++)
		below += (lanes - pair[i] & KM_V6_TOP_BITS) >> 31;
	below += below >> 32;
	below += (lanes - node->key[KM_V6_KEYS - 1] >> 31) & 1;
	return below & KM_V6_KEYS;
}

/* The tree's leaf for x (31 bits), as km_v6_leaf() gives it. */
static __always_inline __u32 km_v6_tree(const void *image, __u32 mask, __u32 line, __u32 x)
{
	__u64 lanes = ((__u64)x << 32 | x) | KM_V6_TOP_BITS;

	for (int depth = 0; depth < KM_V6_DEPTH; depth++) {
		const struct km_v6_node *node = km_v6_line(image, mask, line);

		if (node->link & KM_V6_LEAF)
			return km_v6_leaf(node, lanes);
		line = node->link + km_v6_child(node, lanes);
	}
	return 0;
}

/* 1 if a < b, without a compare: BPF can only branch on one. The borrow of a - b. */
static __always_inline __u64 km_v6_less(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

/* 1 if the tree of hosts at `line` has an exception for this one. */
static __always_inline __u32 km_v6_host_tree(const void *image, __u32 mask, __u32 line, __u64 host)
{
	for (int depth = 0; depth < KM_V6_HOST_DEPTH; depth++) {
		const struct km_v6_host_node *node = km_v6_line(image, mask, line);
		__u32 below = 0;

#ifdef __clang__
#pragma unroll
#endif
		for (int i = 0; i < KM_V6_HOST_KEYS; i++)
			below += km_v6_less(node->key[i], host);
		if (node->link & KM_V6_LEAF)
			return (node->link ^ below) & KM_V6_START;
		line = node->link + (below & KM_V6_HOST_KEYS);
	}
	return 0;
}

/* 1 if the answer for the whole network does not hold for this host. */
static __attribute__((noinline)) __u32 km_v6_exception(const void *image, __u32 mask, const struct km_set_v6 *set,
						       const struct km_ip *ip)
{
	__u64 network = (__u64)ip->word[0] << 32 | ip->word[1], host = (__u64)ip->word[2] << 32 | ip->word[3];
	__u64 offset = (__u64)set->networks.line * KM_LINE +
		       km_v6_home(&set->networks, network) * sizeof(struct km_v6_network);

	for (int i = 0; i < KM_V6_PROBES; i++, offset += sizeof(struct km_v6_network)) {
		const struct km_v6_network *slot =
			image + (offset & (mask & ~((__u32)sizeof(struct km_v6_network) - 1)));

		if (!slot->hosts)
			return 0;
		if (slot->network != network)
			continue;
		if (slot->hosts >= KM_IMAGE_MAX_LINES)
			return (slot->hosts ^ KM_V6_HOST) == host;
		return km_v6_host_tree(image, mask, slot->hosts, host);
	}
	return 0;
}

/*
 * 1 if ip is in the set, else 0. `mask` is the image's size in bytes - 1, a constant to the verifier: every offset goes
 * through it.
 */
static __always_inline int km_set_v6_find(const void *image, __u32 mask, const struct km_set *set,
					  const struct km_ip *ip)
{
	__u64 network = (__u64)ip->word[0] << 32 | ip->word[1], block = network >> KM_V6_BLOCK_BITS;
	__u64 offset = (__u64)set->v6.blocks.line * KM_LINE + km_v6_home(&set->v6.blocks, block) * sizeof(__u64);
	__u32 line = set->v6.rest, x = network >> (64 - KM_V6_BLOCK_BITS), answer;

	for (int i = 0; i < KM_V6_PROBES; i++, offset += sizeof(__u64)) {
		__u64 slot = *(const __u64 *)(image + (offset & (mask & ~((__u32)sizeof(__u64) - 1))));

		if (!slot)
			break;
		if (slot >> KM_V6_BLOCK_BITS == block) {
			line = slot & (KM_V6_PADDING - 1);
			x = network & (KM_V6_PADDING - 1);
			break;
		}
	}
	answer = km_v6_tree(image, mask, line, x);
	if (answer & KM_V6_EXCEPTIONS)
		answer ^= km_v6_exception(image, mask, &set->v6, ip);
	return answer & KM_V6_START;
}

#endif
