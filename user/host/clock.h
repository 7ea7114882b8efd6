/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef KM_CLOCK_H
#define KM_CLOCK_H

#include <stdint.h>

/* CLOCK_REALTIME and CLOCK_BOOTTIME in ns. */
int64_t km_clock_wall(void);
int64_t km_clock_boot(void);

/* "2026-11-24T19:00:00.000000Z" for CLOCK_REALTIME ns; `text` has at least 32 bytes. Returns it. */
const char *km_clock_format(int64_t wall_ns, char text[32]);

#endif
