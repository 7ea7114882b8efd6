/* SPDX-License-Identifier: BSD-2-Clause */
/* The two attachments: made, moved to new programs, asked after. Never detached before the new one is attached. */
#ifndef KM_LINKS_H
#define KM_LINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kernel/hold.h"
#include "kernel/others.h"
#include "kernel/pins.h"

#define KM_HOOK_LOOKUP "sk_lookup"
#define KM_HOOK_PACKET "cgroup_skb"

struct km_hook {
	const char *name; /* KM_HOOK_LOOKUP, KM_HOOK_PACKET */
	bool wanted;
	bool attached;		 /* as the kernel says, to the right place, with our program */
	char trouble[160];	 /* what is wrong with it, also with the pin of what is attached; else "" */
	const char *kind;	 /* problem kind of that trouble: "detached", "replaced", "unpinned"; NULL: none */
	struct km_others others; /* programs of others on the same hook; filled by km_others_look() */
};

/* Attaches, or moves the pinned link to `prog`; pins it. A detached link is replaced by a new one. */
int km_link_lookup(const struct km_pins *pins, int prog, int netns_fd, struct km_err *err);
/* `path` is what messages call the cgroup. */
int km_link_packet(const struct km_pins *pins, int prog, int cgroup_fd, const char *path, struct km_err *err);
/* Takes the packet layer away (layers: [lookup]). 0 also if it was not there. */
int km_link_packet_drop(const struct km_pins *pins, struct km_err *err);

#define KM_HOOK_COUNT 2
/* What is attached now, from link info. netns_inode and cgroup_id are where they should be (0: do not compare). */
void km_links_health(const struct km_hold *hold, bool packet_wanted, unsigned netns_inode, uint64_t cgroup_id,
		     struct km_hook hooks[KM_HOOK_COUNT]);

#endif
