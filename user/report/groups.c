/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/addr.h"
#include "report/text.h"

static unsigned bucket_of(const struct km_denial *denial)
{
	uint32_t hash = (uint32_t)denial->port << 8 | denial->reason;

	for (unsigned i = 0; i < 4; i++)
		hash = (hash ^ denial->source.word[i]) * 0x9e3779b1u;
	return hash >> 22; /* KM_GROUP_BUCKETS */
}

static bool alike(const struct km_denial *a, const struct km_denial *b)
{
	return a->family == b->family && !km_ip_compare(a->source, b->source) && a->port == b->port &&
	       a->reason == b->reason && a->verdict == b->verdict && !strcmp(a->service, b->service) &&
	       !strcmp(a->rule, b->rule);
}

static void link_group(struct km_groups *groups, size_t index)
{
	struct km_group *group = &groups->list[index];

	group->next = groups->bucket[group->bucket];
	groups->bucket[group->bucket] = (uint32_t)index + 1;
}

static int new_group(struct km_groups *groups, unsigned bucket, struct km_group **group)
{
	if (groups->count == groups->room) {
		size_t room = groups->room ? 2 * groups->room : 64;
		struct km_group *list = reallocarray(groups->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		groups->list = list;
		groups->room = room;
	}
	*group = &groups->list[groups->count];
	**group = (struct km_group){.bucket = bucket};
	link_group(groups, groups->count++);
	return 0;
}

int km_groups_add(struct km_groups *groups, const struct km_denial *denial, struct km_group **group)
{
	unsigned bucket = bucket_of(denial);
	uint32_t at = groups->bucket[bucket];

	while (at && !alike(&groups->list[at - 1].last, denial))
		at = groups->list[at - 1].next;
	if (at)
		*group = &groups->list[at - 1];
	else if (new_group(groups, bucket, group))
		return -ENOMEM;
	(*group)->last = *denial;
	(*group)->count++;
	return 0;
}

static int by_last(const void *a, const void *b)
{
	const struct km_group *left = a, *right = b;

	return left->last.time < right->last.time ? -1 : left->last.time > right->last.time;
}

void km_groups_print_all(struct km_groups *groups, FILE *out)
{
	if (groups->count)
		qsort(groups->list, groups->count, sizeof(*groups->list), by_last);
	for (size_t i = 0; i < groups->count; i++)
		km_text_denial(out, &groups->list[i].last, groups->list[i].count);
}

static void tell(struct km_group *group, int64_t now, FILE *out)
{
	km_text_denial(out, &group->last, group->count);
	group->count = 0;
	group->told_at = now;
}

void km_groups_live(struct km_groups *groups, const struct km_denial *denial, int64_t now, FILE *out)
{
	struct km_group *group;

	if (groups->count >= KM_GROUPS_LIVE || km_groups_add(groups, denial, &group))
		km_text_denial(out, denial, 1);
	else if (!group->told_at)
		tell(group, now, out);
}

void km_groups_tick(struct km_groups *groups, int64_t now, bool all, FILE *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < groups->count; i++) {
		struct km_group *group = &groups->list[i];
		bool due = all || now - group->told_at >= KM_GROUP_HOLD_NS;

		if (due && !group->count)
			continue; /* quiet for that long */
		if (due)
			tell(group, now, out);
		groups->list[kept++] = *group;
	}
	groups->count = kept;
	memset(groups->bucket, 0, sizeof(groups->bucket));
	for (size_t i = 0; i < groups->count; i++)
		link_group(groups, i);
}

void km_groups_free(struct km_groups *groups)
{
	free(groups->list);
	*groups = (struct km_groups){};
}
