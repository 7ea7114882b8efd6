/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the compiler has to be told. */
#ifndef KM_HINT_H
#define KM_HINT_H

/* Hides where a value came from, so that the compiler cannot put it together with another or with a later use. */
#define KM_OPAQUE(x) asm volatile("" : "+r"(x))

/* Keeps what is rare out of the way of what is not: a jump that is taken costs. */
#define KM_LIKELY(x) __builtin_expect(!!(x), 1)
#define KM_UNLIKELY(x) __builtin_expect(!!(x), 0)

#endif
