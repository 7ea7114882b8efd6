/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/schedule.h"

#include <string.h>

struct moments {
	int64_t from, to;
	int64_t *list; /* ascending */
	unsigned count, room;
	bool more;
};

/* Puts a moment into its place; the latest one goes where there is no room. */
static void add(struct moments *m, int64_t moment)
{
	unsigned at = m->count;

	if (moment <= m->from || moment >= m->to)
		return;
	while (at > 0 && m->list[at - 1] > moment)
		at--;
	if (at > 0 && m->list[at - 1] == moment)
		return;
	if (m->count == m->room) {
		m->more = true;
		if (at == m->count)
			return;
		m->count--;
	}
	memmove(&m->list[at + 1], &m->list[at], (m->count - at) * sizeof(*m->list));
	m->list[at] = moment;
	m->count++;
}

unsigned km_policy_moments(const struct km_policy *policy, int64_t from, int64_t to, unsigned room, int64_t *moments,
			   bool *more)
{
	struct moments m = {.from = from, .to = to, .list = moments, .room = room};

	for (unsigned s = 0; s < policy->config.service_count; s++) {
		const struct km_rules *rules = &policy->rules[s];

		for (size_t i = 0; i < rules->count; i++)
			if (rules->list[i].until != KM_FOREVER)
				add(&m, rules->list[i].until);
		for (unsigned i = 0; i < rules->self_count; i++)
			if (rules->self[i].until != KM_FOREVER)
				add(&m, rules->self[i].until);
	}
	*more = m.more;
	return m.count;
}
