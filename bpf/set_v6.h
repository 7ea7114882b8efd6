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
 *                   | block | tree | -- place -> | key[0] ... key[14]    | --> in or out, as the flags say, turned
 *                   +--------------+             | link: flags           |     round by each key below the place
 *                     none: `rest`               +-----------------------+
 *                           |                        ^   inner nodes before it, where a block has more
 *                           +-- upper 31 bits -------+   than 15 changes
 *
 *   Where the flags say that there are exceptions (rules longer than /64), the network is looked up as well:
 *
 *   network --hash--> slots of `networks`         leaf
 *                     +-----------------+        +-----------------------+
 *                     | network | tree  | -----> | key[0] ... key[6]     | --> the host is an exception or not:
 *                     |         | or    |        | link: flags           |     turns the answer round
 *                     |         | host  |        +-----------------------+
 *                     +-----------------+ ----------------------------------> if it is that one host
 *
 * So most addresses cost two lines of memory, whatever the length of the rule. Blocks of which all is in the set, or
 * all is not, have a slot only in short runs; long runs (rules shorter than about /27) are what `rest` knows.
 *
 * Why 31 bits: 15 keys in 32-bit lanes are compared at once. A key has its top bit set; less a number of 31 bits, that
 * bit stays if the number is not above the key, and no lane borrows from another. For the parity of such bits the
 * differences need only be XORed. No branch depends on a key: a miss in the branch predictor costs as much as the rest,
 * and the verifier would follow both ways of each.
 */
#ifndef KM_SET_V6_H
#define KM_SET_V6_H

#include "hint.h"
#include "kubemoat.h"

#define KM_V6_PAIRS (KM_V6_KEYS / 2) /* of keys, two lanes each; the last key stands alone, beside the link */

/* An address as two numbers. Of IPv4 the first one alone is of use. */
static __always_inline __u64 km_ip_half(const struct km_ip *ip, int half)
{
	return (__u64)ip->word[2 * half] << 32 | ip->word[2 * half + 1];
}

/* What is at an offset of the lines. `mask` bounds it for the verifier; a well-formed image never needs it. */
static __always_inline const void *km_v6_at(const void *lines, __u32 mask, __u32 offset)
{
	return lines + (offset & mask);
}

/* The flags of a leaf, but KM_V6_OUT is set if the number in both lanes is in. */
static __always_inline __u32 km_v6_leaf(const struct km_v6_node *node, __u64 lanes)
{
	const __u64 *pair = (const __u64 *)node->key;
	__u64 parity = 0;

#ifdef __clang__ /* the tests are built by gcc, which does not know it */
#pragma unroll
#endif
	for (int i = 0; i < KM_V6_PAIRS; i++)
		parity ^= pair[i] - lanes;
	parity ^= parity >> 32;
	parity ^= node->key[KM_V6_KEYS - 1] - lanes;
	/* Its top bit: the parity of the keys not below. There are 15, so those below, which turn it, have the other.
	 */
	return node->link ^ (parity & KM_V6_OUT);
}

/* How many keys of an inner node are below the number in both lanes. */
static __always_inline __u32 km_v6_child(const struct km_v6_node *node, __u64 lanes)
{
	const __u64 *pair = (const __u64 *)node->key;
	__u64 above = 0;

#ifdef __clang__
#pragma unroll
#endif
	for (int i = 0; i < KM_V6_PAIRS; i++) {
		above += (pair[i] - lanes) >> 31 & 0x100000001ull;
		KM_OPAQUE(above); /* one pair after the other, in few registers */
	}
	above += above >> 32;
	above += (node->key[KM_V6_KEYS - 1] - lanes) >> 31 & 1;
	return (KM_V6_KEYS - above) & KM_V6_KEYS;
}

/* The leaf below an inner node in which the number in both lanes is. */
static __always_inline const struct km_v6_node *km_v6_descend(const void *lines, __u32 mask,
							      const struct km_v6_node *node, __u64 lanes)
{
	for (int depth = 1; depth < KM_V6_DEPTH; depth++) {
		node = km_v6_at(lines, mask, node->link + km_v6_child(node, lanes) * sizeof(*node));
		if (node->link & KM_V6_LEAF)
			break;
	}
	return node;
}

/* 1 if a < b, without a compare: BPF can only branch on one. The borrow of a - b. */
static __always_inline __u64 km_v6_less(__u64 a, __u64 b)
{
	return ((~a & b) | ((~a | b) & (a - b))) >> 63;
}

/* KM_V6_OUT if the tree of hosts has an exception for this one, else 0. */
static __always_inline __u32 km_v6_host_tree(const void *lines, __u32 mask, __u64 offset, __u64 host)
{
	for (int depth = 0; depth < KM_V6_HOST_DEPTH; depth++) {
		const struct km_v6_host_node *node = km_v6_at(lines, mask, offset);
		__u32 below = 0;

#ifdef __clang__
#pragma unroll
#endif
		for (int i = 0; i < KM_V6_HOST_KEYS; i++)
			below += km_v6_less(node->key[i], host);
		if (node->link & KM_V6_LEAF)
			return (~node->link ^ below << 31) & KM_V6_OUT;
		offset = node->link + (below & KM_V6_HOST_KEYS) * sizeof(*node);
	}
	return 0;
}

/* KM_V6_OUT if the answer for the whole network does not hold for this host, else 0. */
static __attribute__((noinline)) __u32 km_v6_exception(const void *lines, __u32 mask, const struct km_v6_table *table,
						       __u64 network, __u64 host)
{
	__u64 offset = table->slots + km_v6_home(table, network) * sizeof(struct km_v6_network);

	for (int i = 0; i < KM_V6_PROBES; i++, offset += sizeof(struct km_v6_network)) {
		const struct km_v6_network *slot = km_v6_at(lines, mask, offset);

		if (!slot->hosts)
			return 0;
		if (slot->network != network)
			continue;
		if (slot->hosts >= KM_LINES_MAX_BYTES)
			return (slot->hosts ^ KM_V6_HOST) == host ? KM_V6_OUT : 0;
		return km_v6_host_tree(lines, mask, slot->hosts, host);
	}
	return 0;
}

/*
 * 1 if ip is in the set, else 0. `mask` is the size of the image's lines in bytes - 1, a constant to the verifier:
 * every offset goes through it.
 *
 * What most addresses need comes first, in one piece: the slot at home, a leaf, no exceptions.
 */
static __always_inline __u32 km_set_v6_has(const void *lines, __u32 mask, const struct km_set_v6 *set,
					   const struct km_ip *ip)
{
	const struct km_v6_table *table = &set->blocks;
	__u64 network = km_ip_half(ip, 0), block = km_v6_block(network);
	__u32 offset = table->slots + km_v6_home(table, network >> KM_V6_PLACE_BITS) * sizeof(__u64);
	const struct km_v6_node *node;
	__u64 slot, tree, x, lanes;
	__u32 flags;

	slot = *(const __u64 *)km_v6_at(lines, mask, offset);
	x = network & (KM_V6_PLACES - 1);
	tree = slot ^ block; /* if it is of this block, the offset alone is left: less than KM_V6_PLACES, and not 0 */
	if (tree - 1 >= KM_V6_PLACES - 1)
		goto elsewhere;
found:
	lanes = x << 32 | x;
	node = km_v6_at(lines, mask, tree);
	if (!(node->link & KM_V6_LEAF))
		goto inner;
leaf:
	flags = km_v6_leaf(node, lanes);
	if (flags & KM_V6_EXCEPTIONS)
		goto exceptions;
	return (flags & KM_V6_OUT) != 0;
exceptions:
	if (flags & km_v6_exception_flag(x))
		flags ^= km_v6_exception(lines, mask, &set->networks, network, km_ip_half(ip, 1));
	return (flags & KM_V6_OUT) != 0;
inner:
	node = km_v6_descend(lines, mask, node, lanes);
	goto leaf;
elsewhere:
	KM_OPAQUE(network); /* nothing is computed of it before it is needed */
	for (int i = 1; slot && i < KM_V6_PROBES; i++) {
		offset += sizeof(slot);
		slot = *(const __u64 *)km_v6_at(lines, mask, offset);
		tree = slot ^ km_v6_block(network);
		if (tree - 1 < KM_V6_PLACES - 1)
			goto found;
	}
	tree = set->rest;
	if (!tree)
		return 0;
	x = network >> (64 - KM_V6_PLACE_BITS);
	goto found;
}

#endif
