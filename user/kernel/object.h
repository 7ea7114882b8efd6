/* SPDX-License-Identifier: BSD-2-Clause */
/* The BPF object: probed, opened, sized, loaded; programs and maps as file descriptors. */
#ifndef KM_OBJECT_H
#define KM_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "kernel/book.h"
#include "kernel/pins.h"
#include "kubemoat.h"

struct kubemoat_bpf;

struct km_object {
	struct kubemoat_bpf *skeleton;
	int lookup_prog, packet_prog;		    /* borrowed from the skeleton */
	int images, counters, denials, marks, cpus; /* likewise */
	int claims, cuts, arrivals, seen;
};

/*
 * Loads the programs for images of `image_bytes` (km_image_class()). Maps already pinned are used again, `images` only
 * if its size class is the same and `fresh_images` is false. `netns_cookie` identifies the guarded namespace (0:
 * unknown); it is used where the kernel can compare it. `watched`: all that any image guards which they meet. Says what
 * is missing and what to do: privilege (CAP_BPF, CAP_NET_ADMIN, seccomp), kernel without sk_lookup (5.9), memlock.
 */
int km_object_load(const struct km_pins *pins, uint32_t image_bytes, bool fresh_images, uint64_t netns_cookie,
		   const struct km_watched *watched, struct km_object *object, struct km_err *err);
void km_object_close(struct km_object *object);

/* Binds the books, and the maps that user space alone writes, to the programs: they live, and can be found, as long as
 * those. 0 or -errno with *err. */
int km_object_bind(const struct km_object *object, const struct km_book *book, struct km_err *err);

/* Pins programs and maps (not links). */
int km_object_pin(const struct km_pins *pins, const struct km_object *object, struct km_err *err);

#endif
