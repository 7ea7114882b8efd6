/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says about an object behind a file descriptor. */
#ifndef KM_IDENTITY_H
#define KM_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#define KM_OBJECT_NAME 16 /* bytes of a program's or map's name, with the NUL */
#define KM_PROG_MAPS 32	  /* maps of one program that are looked at */

/* Where a link is attached, and what it runs. */
struct km_attachment {
	uint64_t where; /* inode of the network namespace, or id of the cgroup; 0: nowhere any more */
	uint32_t link;	/* id */
	uint32_t prog;	/* id */
};

struct km_program {
	uint32_t id;
	char name[KM_OBJECT_NAME];
	uint32_t maps[KM_PROG_MAPS]; /* ids */
	uint32_t map_count;
};

/* 0 or -errno; also -EINVAL where the descriptor is of another kind of object. */
int km_link_read(int link, struct km_attachment *place);
int km_program_read(int prog, struct km_program *program);
/* *value_size may be NULL. */
int km_map_read(int map, uint32_t *id, char name[KM_OBJECT_NAME], uint32_t *value_size);

bool km_program_uses(const struct km_program *program, uint32_t map);

#endif
