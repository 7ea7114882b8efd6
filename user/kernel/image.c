/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/image.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "cleanup.h"
#include "kernel/watched.h"
#include "kubemoat.h"

uint32_t km_image_class(size_t bytes)
{
	uint32_t lines = KM_LINES_MIN_BYTES;

	while (KM_IMAGE_BYTES(lines) < bytes && lines < KM_LINES_MAX_BYTES)
		lines *= 2;
	return KM_IMAGE_ROOM(lines);
}

int km_image_make(uint32_t image_bytes, struct km_err *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "km_image", sizeof(uint32_t), image_bytes, 1, &options);

	if (fd < 0 && errno == E2BIG)
		return km_fail(
			err, E2BIG,
			"the policy needs %u KiB in one map value, more than this kernel allows (4096 KiB before Linux "
			"5.11); use fewer or wider prefixes, or a newer kernel",
			image_bytes >> 10);
	if (fd < 0)
		return km_fail(err, errno, "no map of %u KiB for the policy: %s", image_bytes >> 10, strerror(errno));
	return fd;
}

int km_image_map(const void *bytes, size_t size, uint32_t image_bytes, struct km_err *err)
{
	KM_AUTO_CLOSE int fd = -1;
	void *map;

	if (size > image_bytes)
		return km_fail(err, E2BIG, "the policy needs %zu bytes in the kernel, its map has %u", size,
			       image_bytes);
	fd = km_image_make(image_bytes, err);
	if (fd < 0)
		return fd;
	map = mmap(NULL, image_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return km_fail(err, errno, "the policy's map cannot be filled: %s", strerror(errno));
	memcpy(map, bytes, size);
	munmap(map, image_bytes);
	/* Fails only while it is mapped elsewhere; then it is as good unfrozen. */
	bpf_map_freeze(fd);
	return KM_TAKE_FD(fd);
}

int km_image_swap(int images, uint32_t slot, int image_map, struct km_err *err)
{
	if (bpf_map_update_elem(images, &slot, &image_map, BPF_ANY))
		return km_fail(err, errno, "the new policy cannot be put in force: %s", strerror(errno));
	return 0;
}

/* The map in that slot: a file descriptor, -ENOENT: none, or -errno with *err. */
static int open_slot(int images, uint32_t slot, struct km_err *err)
{
	uint32_t id;
	int fd;

	if (bpf_map_lookup_elem(images, &slot, &id))
		return errno == ENOENT ? -ENOENT
				       : km_fail(err, errno, "map 'images' cannot be read: %s", strerror(errno));
	fd = bpf_map_get_fd_by_id(id);
	return fd >= 0 ? fd : km_fail(err, errno, "the policy in force cannot be read: %s", strerror(errno));
}

/* Its first bytes, mapped for reading: 0, -ENOENT: none, or -errno with *err. The caller unmaps them. */
static int map_slot(int images, uint32_t slot, size_t size, void **bytes, struct km_err *err)
{
	KM_AUTO_CLOSE int present = open_slot(images, slot, err);

	if (present < 0)
		return present;
	*bytes = mmap(NULL, size, PROT_READ, MAP_SHARED, present, 0);
	return *bytes == MAP_FAILED ? km_fail(err, errno, "the policy in force cannot be read: %s", strerror(errno))
				    : 0;
}

/* The mask of programs for any other size would have holes. */
static bool is_class(uint32_t image_bytes)
{
	return image_bytes >= KM_IMAGE_ROOM(0) && km_image_class(image_bytes - KM_IMAGE_PAD) == image_bytes;
}

uint32_t km_image_present_class(int images)
{
	KM_AUTO_CLOSE int present = open_slot(images, 0, NULL);
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);

	if (present < 0 || bpf_obj_get_info_by_fd(present, &info, &length))
		return 0;
	return is_class(info.value_size) ? info.value_size : 0;
}

int km_image_watch_all(int images, struct km_watched *watched, struct km_err *err)
{
	uint32_t class = km_image_present_class(images);

	for (uint32_t slot = 0; slot < KM_IMAGE_SLOTS; slot++) {
		void *image;
		int r = map_slot(images, slot, class, &image, err);

		if (r == -ENOENT)
			continue;
		if (r)
			return r;
		km_watch_image(image, watched);
		munmap(image, class);
	}
	return 0;
}

unsigned km_image_count(int images)
{
	unsigned count = 0;
	uint32_t id;

	for (uint32_t slot = 0; slot < KM_IMAGE_SLOTS; slot++)
		count += !bpf_map_lookup_elem(images, &slot, &id);
	return count;
}

int km_image_copy_all(int from, uint32_t from_class, int to, uint32_t to_class, struct km_err *err)
{
	for (uint32_t slot = 0; slot < KM_IMAGE_SLOTS; slot++) {
		KM_AUTO_CLOSE int copy = -1;
		void *bytes;
		int r = map_slot(from, slot, from_class, &bytes, err);

		if (r == -ENOENT)
			continue;
		if (r)
			return r;
		copy = km_image_map(bytes, from_class, to_class, err);
		munmap(bytes, from_class);
		r = copy < 0 ? copy : km_image_swap(to, slot, copy, err);
		if (r)
			return r;
	}
	return 0;
}

int km_image_free_bank(int images, uint32_t *bank, struct km_err *err)
{
	void *bytes;
	const struct km_image *image;
	int r = map_slot(images, 0, sizeof(*image), &bytes, err);

	*bank = 0;
	if (r)
		return r == -ENOENT ? 0 : r;
	image = bytes;
	if (image->schedule[0].at && image->schedule[0].slot < KM_BANK)
		*bank = KM_BANK;
	munmap(bytes, sizeof(*image));
	return 0;
}

void km_image_clear_bank(int images, uint32_t bank)
{
	for (uint32_t slot = bank + 1; slot < bank + KM_BANK; slot++)
		bpf_map_delete_elem(images, &slot);
}

/* The kernel waits out every running program when a map in a map is replaced, be it by itself. */
int km_image_settle(int images, struct km_err *err)
{
	KM_AUTO_CLOSE int present = open_slot(images, 0, err);

	return present < 0 ? present : km_image_swap(images, 0, present, err);
}
