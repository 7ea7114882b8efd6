/* SPDX-License-Identifier: BSD-2-Clause */
#include "daemon/troubles.h"

#include <string.h>

static bool has(const struct km_problem *list, unsigned count, const struct km_problem *problem)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(list[i].kind, problem->kind) && !strcmp(list[i].message, problem->message))
			return true;
	return false;
}

bool km_troubles_update(struct km_troubles *troubles, const struct km_status *status, km_troubles_tell *tell,
			void *context)
{
	bool news = false;

	for (unsigned i = 0; i < troubles->count; i++)
		if (!has(status->problems, status->problem_count, &troubles->list[i]))
			tell(&troubles->list[i], true, context);
	for (unsigned i = 0; i < status->problem_count; i++) {
		if (has(troubles->list, troubles->count, &status->problems[i]))
			continue;
		news = true;
		tell(&status->problems[i], false, context);
	}
	memcpy(troubles->list, status->problems, sizeof(troubles->list));
	troubles->count = status->problem_count;
	return news;
}
