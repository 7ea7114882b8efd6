/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_CLEANUP_H
#define KM_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* A variable that releases what it holds when it goes out of scope. File descriptors start at -1. */
#define KM_AUTO_FREE __attribute__((cleanup(km_auto_free)))
#define KM_AUTO_CLOSE __attribute__((cleanup(km_auto_close)))

/* Hands over what the variable holds: the caller owns the result, the variable releases nothing. */
#define KM_TAKE_PTR(p)                  \
	({                              \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	})
#define KM_TAKE_FD(fd)         \
	({                     \
		int t_ = (fd); \
		(fd) = -1;     \
		t_;            \
	})

static inline void km_auto_free(void *p)
{
	free(*(void **)p);
}

static inline void km_auto_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
