/* SPDX-License-Identifier: BSD-2-Clause */
/* What concerns us of the directories that inotify watches: names in them, or the directories themselves. */
#ifndef KM_INTEREST_H
#define KM_INTEREST_H

#include <stddef.h>
#include <stdint.h>

struct km_interest {
	int wd;		 /* watch descriptor of the directory */
	uint32_t events; /* inotify's IN_ bits that matter */
	char *directory; /* its path when it was watched */
	char *name;	 /* NULL: the directory itself */
	int64_t written; /* when a writer that has not closed the file yet last touched it, ms; 0: nobody writes */
};

/* Zero-initialise. A few dozen at most. */
struct km_interests {
	struct km_interest *list;
	size_t count, room;
};

/* Adds one, or its events to the one that is there. 0 or -ENOMEM. */
int km_interest_add(struct km_interests *interests, int wd, uint32_t events, const char *directory, const char *name);
struct km_interest *km_interest_find(const struct km_interests *interests, int wd, const char *name);
/* Events of all interests in that directory together; 0: there is none. */
uint32_t km_interest_events(const struct km_interests *interests, int wd);
void km_interests_free(struct km_interests *interests);

#endif
