/* SPDX-License-Identifier: BSD-2-Clause */
#include "host/clock.h"

#include <stdio.h>
#include <time.h>

#define NS_PER_S 1000000000

static int64_t read_clock(clockid_t clock)
{
	struct timespec now;

	/* Cannot fail: both clocks exist since 2.6.39 and the pointer is good. */
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t km_clock_wall(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t km_clock_boot(void)
{
	return read_clock(CLOCK_BOOTTIME);
}

const char *km_clock_format(int64_t wall_ns, char text[32])
{
	int64_t ns = wall_ns % NS_PER_S;
	time_t seconds = wall_ns / NS_PER_S;
	struct tm utc;
	size_t length;

	/* Before 1970 C rounds towards zero, the calendar does not. */
	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	gmtime_r(&seconds, &utc);
	length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, 32 - length, ".%06uZ", (unsigned)(ns / 1000));
	return text;
}
