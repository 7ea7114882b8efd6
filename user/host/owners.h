/* SPDX-License-Identifier: BSD-2-Clause */
/* Which process holds a socket, from /proc/PID/fd. */
#ifndef KM_OWNERS_H
#define KM_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct km_owner {
	uint64_t inode; /* of the socket: the question */
	int pid;	/* 0: not seen */
	char comm[16];	/* with the NUL */
};

/* Fills in `pid` and `comm` of all in one walk over /proc; sorts the list by inode. */
void km_socket_owners(struct km_owner *list, size_t count);
/* The owner of that socket in a list so filled, or NULL: not seen. */
const struct km_owner *km_owner_find(const struct km_owner *list, size_t count, uint64_t inode);

/* The same for a single socket; false: not seen. */
bool km_socket_owner(uint64_t inode, int *pid, char comm[16]);

#endif
