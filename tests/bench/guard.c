/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "error.h"
#include "guard.h"
#include "kernel/image.h"
#include "kernel/object.h"
#include "kernel/pins.h"
#include "kernel/watched.h"
#include "kubemoat.h"
#include "list.h"
#include "policy/compile.h"
#include "policy/policy.h"
#include "policy/lines.h"
#include "run.h"
#include "source.h"
#include "tests/bench/cold.skel.h"

/* 0, or -E2BIG. */
static int try_to_compile(const struct bench_list *list, unsigned options, struct km_lines *image)
{
	struct km_own_address own[] = {{bench_own(KM_V4), KM_V4}, {bench_own(KM_V6), KM_V6}};
	struct km_facts facts = {.own = own, .own_count = 2};
	struct km_image_params params = {.generation = 1, .packet_layer = !(options & BENCH_ALONE)};
	struct km_policy *policy = calloc(1, sizeof(*policy));
	struct km_config_service *service;
	int r;

	if (!policy)
		err(1, "policy");
	service = &policy->config.services[0];
	strcpy(service->name, "bench");
	service->enforce = true;
	service->ports[0] = BENCH_PORT;
	service->ports[1] = 0;
	service->port_count = options & BENCH_ONE_PORT ? 1 : 2;
	policy->config.service_count = 1;
	policy->config.events_per_second = 200;
	policy->rules[0] = list->rules;
	r = km_compile(policy, &facts, &params, image);
	if (r && r != -E2BIG)
		errx(1, "compile: %s", strerror(-r));
	free(policy);
	return r;
}

static void compile(const struct bench_list *list, unsigned options, struct km_lines *image)
{
	if (try_to_compile(list, options, image))
		errx(1, "no image has room for a list of %zu", list->rules.count);
}

bool bench_guard_fits(const struct bench_list *list)
{
	struct km_lines image = {0};
	int r = try_to_compile(list, 0, &image);

	km_lines_free(&image);
	return !r;
}

static int image_map(const struct km_lines *image)
{
	struct km_err why = {""};
	size_t size = km_lines_image_bytes(image);
	int map = km_image_map(image->data, size, km_image_class(size), &why);

	if (map < 0)
		errx(1, "%s", why.text);
	return map;
}

/* The kernel's account of a map, which only /proc shows. */
static size_t memory_of(int map)
{
	char path[64], line[64];
	size_t bytes = 0;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (sscanf(line, "memlock: %zu", &bytes) == 1)
			break;
	if (in)
		fclose(in);
	if (!bytes)
		errx(1, "%s: no memlock", path);
	return bytes;
}

/* What the image takes in memory. */
static size_t put_in_force(int images, const struct km_lines *image)
{
	struct km_err why = {""};
	int map = image_map(image);
	size_t memory = memory_of(map);

	if (km_image_swap(images, 0, map, &why))
		errx(1, "%s", why.text);
	close(map);
	return memory;
}

/* What the packet program knows the guarded namespace by; 0 before Linux 5.14. */
static uint64_t netns_cookie(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);

	if (fd < 0)
		err(1, "socket");
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size))
		cookie = 0;
	close(fd);
	return cookie;
}

void bench_guard_load(const struct km_pins *pins, const struct bench_list *list, unsigned options,
		      struct bench_guard *guard)
{
	struct km_watched watched = {};
	struct km_lines image = {0};
	struct km_err why = {""};
	uint32_t class;

	compile(list, options, &image);
	class = km_image_class(km_lines_image_bytes(&image));
	km_watch_image((const struct km_image *)image.data, &watched);
	if (km_object_load(pins, class, true, netns_cookie(), &watched, &guard->object, &why))
		errx(1, "%s", why.text);
	guard->image_memory = put_in_force(guard->object.images, &image);
	km_lines_free(&image);
}

void bench_guard_close(struct bench_guard *guard)
{
	km_object_close(&guard->object);
}

void bench_cold_load(const struct bench_list *list, unsigned options, struct bench_cold *cold)
{
	struct km_lines image = {0};
	struct cold_bpf *programs;
	int like;

	compile(list, options, &image);
	like = image_map(&image);
	programs = cold_bpf__open();
	if (!programs)
		err(1, "cold programs");
	programs->rodata->km_image_mask = km_image_class(km_lines_image_bytes(&image)) - KM_IMAGE_ROOM(0) - 1;
	km_watch_image((const struct km_image *)image.data, (struct km_watched *)&programs->rodata_ports->km_watched);
	bpf_map__set_inner_map_fd(programs->maps.images, like);
	bpf_map__set_max_entries(programs->maps.denials, libbpf_num_possible_cpus());
	bpf_map__set_max_entries(programs->maps.arrivals, libbpf_num_possible_cpus());
	if (cold_bpf__load(programs))
		err(1, "cold programs");
	close(like);
	put_in_force(bpf_map__fd(programs->maps.images), &image);
	km_lines_free(&image);
	*cold = (struct bench_cold){
		.programs = programs,
		.lookup = bpf_program__fd(programs->progs.km_lookup),
		.table = &programs->bss->bench_table,
	};
}

void bench_cold_close(struct bench_cold *cold)
{
	cold_bpf__destroy(cold->programs);
}

void bench_program_size(int prog, unsigned *verified, unsigned *machine_code)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog, &info, &size))
		err(1, "program %d", prog);
	*verified = info.verified_insns;
	*machine_code = info.jited_prog_len;
}
