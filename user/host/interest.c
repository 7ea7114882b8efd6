/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/interest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct km_interest *km_interest_find(const struct km_interests *interests, int wd, const char *name)
{
	for (size_t i = 0; i < interests->count; i++) {
		struct km_interest *one = &interests->list[i];

		if (one->wd == wd && (name && one->name ? !strcmp(name, one->name) : name == one->name))
			return one;
	}
	return NULL;
}

int km_interest_add(struct km_interests *interests, int wd, uint32_t events, const char *directory, const char *name)
{
	struct km_interest *one = km_interest_find(interests, wd, name);

	if (one) {
		one->events |= events;
		return 0;
	}
	if (interests->count == interests->room) {
		size_t room = interests->room ? interests->room * 2 : 32;
		struct km_interest *list = realloc(interests->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		interests->list = list;
		interests->room = room;
	}
	one = &interests->list[interests->count++];
	*one = (struct km_interest){.wd = wd,
				    .events = events,
				    .directory = strdup(directory),
				    .name = name ? strdup(name) : NULL};
	return one->directory && (!name || one->name) ? 0 : -ENOMEM;
}

uint32_t km_interest_events(const struct km_interests *interests, int wd)
{
	uint32_t events = 0;

	for (size_t i = 0; i < interests->count; i++)
		if (interests->list[i].wd == wd)
			events |= interests->list[i].events;
	return events;
}

void km_interests_free(struct km_interests *interests)
{
	for (size_t i = 0; i < interests->count; i++) {
		free(interests->list[i].directory);
		free(interests->list[i].name);
	}
	free(interests->list);
	*interests = (struct km_interests){0};
}
