/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/object.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "cleanup.h"
#include "kernel/features.h"
#include "kernel/image.h"
#include "kernel/privilege.h"
#include "kubemoat.skel.h"

/* libbpf's first complaint since the last load began: the rest follows from it. */
static char complaint[400];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !*complaint) {
		vsnprintf(complaint, sizeof(complaint), format, args);
		complaint[strcspn(complaint, "\n")] = 0;
	}
	return 0;
}

static int check_kernel(struct km_err *err)
{
	struct utsname kernel;

	uname(&kernel);
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_SK_LOOKUP, NULL) != 1)
		return km_fail(
			err, ENOTSUP,
			"Linux %s has no sk_lookup programs, nothing can be guarded: it takes 5.10 or newer, with "
			"CONFIG_BPF_SYSCALL and CONFIG_INET",
			kernel.release);
	if (libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_CGROUP_SKB, NULL) != 1)
		return km_fail(err, ENOTSUP, "Linux %s has no cgroup_skb programs: it needs CONFIG_CGROUP_BPF",
			       kernel.release);
	return 0;
}

static bool is_alike(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {0};
	uint32_t length = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &length) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
	       (info.max_entries == bpf_map__max_entries(map) || info.type == BPF_MAP_TYPE_SK_STORAGE) &&
	       info.map_flags == bpf_map__map_flags(map);
}

/* Uses the pinned map instead of a new one, if there is one. */
static int reuse(const struct km_pins *pins, const char *pin, struct bpf_map *map, struct km_err *err)
{
	KM_AUTO_CLOSE int fd = km_pins_get(pins, pin, err);

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	/* Of another layout: a new one; what it counted is carried over. */
	if (!is_alike(map, fd))
		return 0;
	if (bpf_map__reuse_fd(map, fd))
		return km_fail(err, errno, "%s/%s/%s cannot be used again: %s", pins->bpffs, pins->name, pin,
			       strerror(errno));
	return 0;
}

static int prepare(const struct km_pins *pins, uint32_t image_bytes, bool fresh_images, struct kubemoat_bpf *skeleton,
		   struct km_err *err)
{
	int cpus = libbpf_num_possible_cpus();
	KM_AUTO_CLOSE int template = -1;
	int r = 0;

	if (cpus < 1)
		return km_fail(err, -cpus, "the number of possible CPUs cannot be read: %s", strerror(-cpus));
	if (bpf_map__set_max_entries(skeleton->maps.denials, cpus) ||
	    bpf_map__set_max_entries(skeleton->maps.arrivals, cpus))
		return km_fail(err, errno, "the maps of %d CPUs cannot be sized: %s", cpus, strerror(errno));
	template = km_image_make(image_bytes, err);
	if (template <0)
		return template;
	if (bpf_map__set_inner_map_fd(skeleton->maps.images, template))
		return km_fail(err, errno, "map 'images' cannot be sized: %s", strerror(errno));
	if (!fresh_images)
		r = reuse(pins, KM_PIN_IMAGES, skeleton->maps.images, err);
	if (!r)
		r = reuse(pins, KM_PIN_COUNTERS, skeleton->maps.counters, err);
	if (!r)
		r = reuse(pins, KM_PIN_DENIALS, skeleton->maps.denials, err);
	if (!r)
		r = reuse(pins, KM_PIN_MARKS, skeleton->maps.marks, err);
	if (!r)
		r = reuse(pins, KM_PIN_CPUS, skeleton->maps.cpus, err);
	if (!r)
		r = reuse(pins, KM_PIN_CLAIMS, skeleton->maps.claims, err);
	if (!r)
		r = reuse(pins, KM_PIN_CUTS, skeleton->maps.cuts, err);
	if (!r)
		r = reuse(pins, KM_PIN_ARRIVALS, skeleton->maps.arrivals, err);
	if (!r)
		r = reuse(pins, KM_PIN_SEEN, skeleton->maps.seen, err);
	/* libbpf holds a copy of the template only until load: it must outlive this function. */
	if (!r && bpf_object__load(skeleton->obj)) {
		int code = errno;

		r = km_fail(err, code, "the kernel refused the programs: %s (%s)",
			    *complaint ? complaint : "no reason given", strerror(code));
	}
	return r;
}

int km_object_load(const struct km_pins *pins, uint32_t image_bytes, bool fresh_images, uint64_t netns_cookie,
		   const struct km_watched *watched, struct km_object *object, struct km_err *err)
{
	struct kubemoat_bpf *skeleton;
	int r;

	libbpf_set_print(keep_complaint);
	r = km_privilege_check(err);
	if (!r)
		r = check_kernel(err);
	if (r)
		return r;
	skeleton = kubemoat_bpf__open();
	if (!skeleton)
		return km_fail(err, errno, "the programs cannot be opened: %s", strerror(errno));
	skeleton->rodata->km_image_mask = image_bytes - KM_IMAGE_ROOM(0) - 1;
	memcpy((void *)&skeleton->rodata_ports->km_watched, watched, sizeof(*watched));
	if (!km_lacks_netns_cookie())
		skeleton->rodata->km_netns_cookie = netns_cookie;
	*complaint = 0;
	r = prepare(pins, image_bytes, fresh_images, skeleton, err);
	if (r) {
		kubemoat_bpf__destroy(skeleton);
		return r;
	}
	*object = (struct km_object){
		.skeleton = skeleton,
		.lookup_prog = bpf_program__fd(skeleton->progs.km_lookup),
		.packet_prog = bpf_program__fd(skeleton->progs.km_packet),
		.images = bpf_map__fd(skeleton->maps.images),
		.counters = bpf_map__fd(skeleton->maps.counters),
		.denials = bpf_map__fd(skeleton->maps.denials),
		.marks = bpf_map__fd(skeleton->maps.marks),
		.cpus = bpf_map__fd(skeleton->maps.cpus),
		.claims = bpf_map__fd(skeleton->maps.claims),
		.cuts = bpf_map__fd(skeleton->maps.cuts),
		.arrivals = bpf_map__fd(skeleton->maps.arrivals),
		.seen = bpf_map__fd(skeleton->maps.seen),
	};
	return 0;
}

void km_object_close(struct km_object *object)
{
	kubemoat_bpf__destroy(object->skeleton);
	object->skeleton = NULL;
}

int km_object_bind(const struct km_object *object, const struct km_book *book, struct km_err *err)
{
	const int programs[] = {object->lookup_prog, object->packet_prog};
	const int maps[] = {book->state, book->names, object->cuts, object->seen};

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		for (size_t j = 0; j < sizeof(maps) / sizeof(*maps); j++)
			if (bpf_prog_bind_map(programs[i], maps[j], NULL))
				return km_fail(err, errno, "the books cannot be bound to the programs: %s",
					       strerror(errno));
	return 0;
}

int km_object_pin(const struct km_pins *pins, const struct km_object *object, struct km_err *err)
{
	const struct {
		const char *pin;
		int fd;
	} list[] = {
		{KM_PIN_COUNTERS, object->counters},
		{KM_PIN_DENIALS, object->denials},
		{KM_PIN_MARKS, object->marks},
		{KM_PIN_CPUS, object->cpus},
		{KM_PIN_CLAIMS, object->claims},
		{KM_PIN_CUTS, object->cuts},
		{KM_PIN_ARRIVALS, object->arrivals},
		{KM_PIN_SEEN, object->seen},
		{KM_PIN_IMAGES, object->images},
		{KM_PIN_PACKET_PROG, object->packet_prog},
		{KM_PIN_LOOKUP_PROG, object->lookup_prog},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++) {
		int r = km_pins_put(pins, list[i].pin, list[i].fd, err);

		if (r)
			return r;
	}
	return 0;
}
