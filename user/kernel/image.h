/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts a compiled image in force. */
#ifndef KM_KERNEL_IMAGE_H
#define KM_KERNEL_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "kubemoat.h"

/* The smallest size class that holds an image of `bytes`: the size of its map's value, KM_IMAGE_ROOM() of a power of
 * two. */
uint32_t km_image_class(size_t bytes);

/* An empty map of that class: a file descriptor, or -errno with *err (-E2BIG on kernels that end a value at 4 MiB: both
 * figures). */
int km_image_make(uint32_t image_bytes, struct km_err *err);

/* A frozen map of that class filled with the image: a file descriptor, or -errno with *err (-E2BIG on kernels that
 * end a value at 4 MiB: both figures). */
int km_image_map(const void *bytes, size_t size, uint32_t image_bytes, struct km_err *err);

/* Size class of the images there: of the one in force. 0: none is, or none of a class of this layout. */
uint32_t km_image_present_class(int images);

/* Marks all that the images there guard. */
int km_image_watch_all(int images, struct km_watched *watched, struct km_err *err);

/* How many images are there. */
unsigned km_image_count(int images);

/*
 * Fills the empty map of maps `to`, whose class is `to_class`, with all that `from` holds of a class no larger. 0 or
 * -errno with *err.
 */
int km_image_copy_all(int from, uint32_t from_class, int to, uint32_t to_class, struct km_err *err);

/*
 * Slot 0 of the bank that the image in force does not name: 0 or KM_BANK. Slot 0 of the map itself belongs to neither,
 * the others of a bank are it + 1 to it + KM_BANK - 1.
 */
int km_image_free_bank(int images, uint32_t *bank, struct km_err *err);
/* Lets go of what a bank held. */
void km_image_clear_bank(int images, uint32_t bank);

/* Returns when no program of before is running any more. */
int km_image_settle(int images, struct km_err *err);

/* Swaps it in: every program that starts afterwards sees it; returns when none still uses the old one. */
int km_image_swap(int images, uint32_t slot, int image_map, struct km_err *err);

#endif
