/* SPDX-License-Identifier: BSD-2-Clause */
/* Which ports the programs look at. */
#ifndef KM_KERNEL_WATCHED_H
#define KM_KERNEL_WATCHED_H

#include <stdbool.h>

#include "kubemoat.h"

/* Marks all that the image guards. */
void km_watch_image(const struct km_image *image, struct km_watched *watched);

/* True if the program, a file descriptor, watches all of that. False also where it does not say what it watches. */
bool km_watches(int program, const struct km_watched *watched);

#endif
