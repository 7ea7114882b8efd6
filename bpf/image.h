/* SPDX-License-Identifier: GPL-2.0-only */
/* Which policy image is in force, and which service a port belongs to. */
#ifndef KM_BPF_IMAGE_H
#define KM_BPF_IMAGE_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "hint.h"
#include "kubemoat.h"

/* The key of what stands alone in its map. Here it is read, not written each time. */
const volatile __u32 km_zero = 0;

/* Bytes of the image's lines - 1, set before loading: a constant to the verifier. */
const volatile __u32 km_image_mask = KM_LINES_MIN_BYTES - 1;

/* Of all images that these programs meet; set before loading. A map of its own: user space finds it by its name. */
const volatile struct km_watched km_watched SEC(KM_WATCHED_SECTION);

struct km_image_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, KM_IMAGE_ROOM(KM_LINES_MIN_BYTES));
};

/* Every verdict is of the policy in slot 0, read once: one store swaps ports, services and addresses together. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, KM_IMAGE_SLOTS);
	__type(key, __u32);
	__array(values, struct km_image_map);
} images SEC(".maps");

/* NULL never happens after the first load: a slot that a schedule names is only ever overwritten after it. */
static __always_inline const struct km_image *km_image_in_slot(const __u32 *slot)
{
	void *map = bpf_map_lookup_elem(&images, slot);

	return map ? bpf_map_lookup_elem(map, (const void *)&km_zero) : NULL;
}

/* The last deadline that has passed decides. Out of line: only a policy that changes by itself pays for a clock. */
static __noinline const struct km_image *km_image_scheduled(const struct km_image *image)
{
	const struct km_image *due = NULL;
	__u64 now = bpf_ktime_get_boot_ns();
	__u32 slot = 0;

	for (int i = 0; i < KM_BANK - 1; i++) {
		if (!image->schedule[i].at || image->schedule[i].at > now)
			break;
		slot = image->schedule[i].slot;
	}
	slot &= KM_IMAGE_SLOTS - 1;
	if (slot)
		due = km_image_in_slot(&slot);
	return due ? due : image;
}

/* The image in slot 0. */
static __always_inline const struct km_image *km_image_present(void)
{
	return km_image_in_slot((const void *)&km_zero);
}

/* True if another image may be due: km_image_scheduled() says which is in force. */
static __always_inline int km_image_changes(const struct km_image *image)
{
	return image->schedule[0].at != 0;
}

/* The image that decides now; NULL: see km_image_in_slot(). Where every instruction counts, its parts are called. */
static __always_inline const struct km_image *km_image_in_force(void)
{
	const struct km_image *image = km_image_present();

	return image && km_image_changes(image) ? km_image_scheduled(image) : image;
}

/* May any image guard that port? */
static __always_inline int km_image_watches(__u32 port)
{
	return km_watched.port[km_watched_index(port)];
}

/* Number of the service that guards the port, + 1; 0: not guarded. */
static __always_inline __u32 km_image_service(const struct km_image *image, __u32 port)
{
	__u32 page = image->port_page[(port >> 8) & 255];

	return page ? image->port[page & 127][port & 255] : 0;
}

/* The number of a service that guards a port, of what km_image_service() says. */
static __always_inline __u32 km_image_number(__u32 service)
{
	return (service - 1) & (KM_SERVICES - 1);
}

#endif
