/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/event.h"

#include <string.h>

/* Far more than a store takes until another CPU sees it. */
#define LOOKS 1000

void km_event_write(struct km_log *log, const struct km_event *event)
{
	struct km_event *at = &log->event[log->head % KM_LOG_EVENTS];
	uint64_t number = log->head + 1;

	__atomic_store_n(&at->seq, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy((char *)at + sizeof(at->seq), (const char *)event + sizeof(event->seq),
	       sizeof(*at) - sizeof(event->seq));
	__atomic_store_n(&at->seq, (uint64_t)km_event_check(at) << 32 | (uint32_t)number, __ATOMIC_RELEASE);
	__atomic_store_n(&log->head, number, __ATOMIC_RELEASE);
}

bool km_event_read(const struct km_log *log, uint64_t number, struct km_event *event)
{
	const struct km_event *at = &log->event[(number - 1) % KM_LOG_EVENTS];

	for (unsigned look = 0; look < LOOKS; look++) {
		uint64_t seq = __atomic_load_n(&at->seq, __ATOMIC_ACQUIRE);
		int32_t ahead = (int32_t)((uint32_t)seq - (uint32_t)number);

		if (ahead > 0)
			return false;
		/* The ring's head, or the record's number, may be seen before what was stored first. */
		if (ahead < 0)
			continue;
		memcpy(event, at, sizeof(*event));
		if (km_event_check(event) == seq >> 32)
			return true;
	}
	return false;
}
