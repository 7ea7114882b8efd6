/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Is an IPv4 address in a set of the image? The counterpart of user/policy/set_v4.c, which builds. Compiled for the
 * kernel, and for the tests that hold it against the oracle.
 *
 *    8 bits              9 bits                               15 bits
 *   ┌────────┐          ┌─────────┐                          ┌──────────────────────────────┐
 *   │ root   │  line    │ page    │ start, line              │ up to 32 boundaries, of 15   │
 *   │ of the ├─────────>│ one word├─────────────────────────>│ bits each: the last addresses│
 *   │ set    │          │ per /17 │ KM_V4_INDEX, KM_V4_BITS  │ before membership flips      │
 *   └────────┘          └─────────┘                          └──────────────────────────────┘
 *
 * An address is in the set if the start of its /17 is, changed as often as there are boundaries below it: by the
 * parity of their number alone. So nothing is searched and nothing branches, and a list of any size costs one cache
 * miss, its line. A /17 that is all in or all out has a line of padding, an /8 that is all in a page of such,
 * and one that is all out no page.
 *
 * Two rare kinds of /17 are denser. KM_V4_INDEX: more lines lie behind, and this one has the first boundary of each but
 * the first, so that their number says which line it is; all those before have 32 boundaries, an even number, so that
 * the start is the same. KM_V4_BITS: a bit for each address.
 */
#ifndef KM_SET_V4_H
#define KM_SET_V4_H

#include "hint.h"
#include "kubemoat.h"

#define KM_V4_LANES 0x0001000100010001ull /* times 16 bits: the same in each quarter of a word */

/*
 * A boundary is the last address k before membership flips, with the top bit of its 16 set. Then k - x, four at a time,
 * keeps that bit if k >= x, and borrows nothing from the next lane. Padding is the highest k: never below x.
 */

/* Has its top bit set if an odd number of the line's boundaries is below x: of the 32, then, as many are not. */
static __always_inline __u32 km_v4_parity(const struct km_v4_line *line, __u32 x)
{
	__u64 odd = 0;

#ifdef __clang__ /* the tests are built by gcc, which does not know it */
#pragma unroll
#endif
	for (int i = 0; i < KM_V4_WORDS; i++) {
		odd ^= line->boundaries[i] - x * KM_V4_LANES;
		KM_OPAQUE(odd); /* one word after the other: all at once would take every register there is */
	}
	odd ^= odd >> 32;
	return odd ^ odd << 16;
}

/* How many of the line's boundaries are below x. */
static __always_inline __u32 km_v4_count(const struct km_v4_line *line, __u32 x)
{
	__u64 sum = 0;

#ifdef __clang__
#pragma unroll
#endif
	for (int i = 0; i < KM_V4_WORDS; i++)
		sum += (line->boundaries[i] - x * KM_V4_LANES) >> 15 & KM_V4_LANES;
	return KM_V4_WORDS * 4 - (sum * KM_V4_LANES >> 48);
}

/*
 * 1 if the address is in the set with that root. `mask` is the size of the image's lines in bytes - 1: every offset
 * goes through it, so that the verifier sees that it stays inside; a well-formed image never needs it.
 */
static __always_inline __u32 km_set_v4_has(const void *lines, __u32 mask, const __u32 *root, __u32 ip)
{
	__u32 page = root[ip >> 24], word, x = ip & 0x7fff;
	__u64 offset;

	if (!page)
		return 0;
	offset = page + (ip >> 15 & (KM_V4_PAGE - 1)) * sizeof(__u32);
	word = *(const __u32 *)(lines + (offset & mask));
	offset = word & mask;
	if (KM_UNLIKELY(word & (KM_V4_INDEX | KM_V4_BITS))) {
		offset &= ~(KM_LINE - 1ull);
		if (word & KM_V4_BITS)
			return *(const __u8 *)(lines + ((offset + x / 8) & mask)) >> (x & 7) & 1;
		offset = (offset + (1 + km_v4_count(lines + (offset & mask), x)) * KM_LINE) & mask;
	}
	return ((word ^ km_v4_parity(lines + offset, x)) & KM_V4_START) != 0;
}

#endif
