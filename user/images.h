/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy as the kernel gets it: the image for now, and those for the moments at which it changes by itself. */
#ifndef KM_IMAGES_H
#define KM_IMAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "policy/compile.h"
#include "policy/policy.h"
#include "policy/lines.h"

/* Zero-initialise. */
struct km_images {
	struct km_lines lines[KM_BANK];
	uint64_t at[KM_BANK]; /* CLOCK_BOOTTIME ns from which it is in force; of the first: 0 */
	unsigned count;
};

/* Where a trial goes back to, and when. */
struct km_way_back {
	const struct km_policy *policy; /* NULL: no trial */
	struct km_image_params params;
	uint64_t at; /* CLOCK_BOOTTIME, ns */
};

/* Compiles them all. `boot` is CLOCK_BOOTTIME ns at facts->now. 0 or -errno with *err; free either way. */
int km_images_compile(const struct km_policy *policy, const struct km_facts *facts, uint64_t boot,
		      const struct km_image_params *params, const struct km_way_back *back, struct km_images *images,
		      struct km_err *err);
void km_images_free(struct km_images *images);

/* Bytes of the largest. */
size_t km_images_bytes(const struct km_images *images);

/* Marks all that any of them guards. */
void km_images_watch(const struct km_images *images, struct km_watched *watched);

/*
 * Puts them into the map `images` of that size class, the present one last, so that the whole schedule comes into force
 * by one store; what it replaces is let go. `relies`: they count on the packet layer. 0 or -errno with *err: nothing
 * changed.
 */
int km_images_push(struct km_images *images, int map, uint32_t class, bool relies, struct km_err *err);

/*
 * Copies all that is in force into the empty maps `to`, which have room for so many `more` images afterwards. 0 or
 * -errno with *err.
 */
int km_images_copy(int from, uint32_t from_class, int to, uint32_t to_class, unsigned more, struct km_err *err);

#endif
