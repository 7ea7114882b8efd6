/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the compiler has to be told. */
#ifndef KM_HINT_H
#define KM_HINT_H

/* Hides where a value came from, so that the compiler cannot put it together with another or with a later use. */
#define KM_OPAQUE(x) asm volatile("" : "+r"(x))

/*
 * One field of the context into `to`. clang 14 merges the loads of the families through a moved context pointer, which
 * the verifier refuses: each load is finished before the next.
 */
#define KM_LOAD(to, from)               \
	do {                            \
		__u64 loaded_ = (from); \
		KM_OPAQUE(loaded_);     \
		(to) = loaded_;         \
	} while (0)

/*
 * Keeps what is rare out of the way of what is not: a jump that is taken costs about a third of a nanosecond. clang 14
 * moves for it only what no condition falls through to; where that is not enough, what is rare stands behind a label.
 */
#define KM_LIKELY(x) __builtin_expect(!!(x), 1)
#define KM_UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
