/* SPDX-License-Identifier: BSD-2-Clause */
/* What this kernel lacks that the guard would use, and what follows. The rest works. */
#ifndef KM_LACKS_H
#define KM_LACKS_H

#define KM_LACKS 3

struct km_lack {
	const char *feature; /* a name for programs to read */
	const char *effect;  /* what follows, for people */
};

/*
 * Tries the kernel; `netns` is --netns or NULL. Fills *lacks and returns how many there are. What this process may not
 * try does not count as lacking.
 */
unsigned km_lacks_find(const char *netns, struct km_lack lacks[KM_LACKS]);

#endif
