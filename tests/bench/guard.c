/* SPDX-License-Identifier: BSD-2-Clause */
#include <err.h>
#include <errno.h>
#include <stdint.h>
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
#include "kubemoat.h"
#include "list.h"
#include "policy/compile.h"
#include "policy/policy.h"
#include "policy/lines.h"
#include "run.h"
#include "source.h"
#include "tests/bench/cold.skel.h"

static void compile(const struct bench_list *list, struct km_lines *image)
{
	struct km_own_address own[] = {{bench_own(KM_V4), KM_V4}, {bench_own(KM_V6), KM_V6}};
	struct km_facts facts = {.own = own, .own_count = 2};
	struct km_image_params params = {.generation = 1, .packet_layer = true};
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
	service->port_count = 2;
	policy->config.service_count = 1;
	policy->config.events_per_second = 200;
	policy->rules[0] = list->rules;
	r = km_compile(policy, &facts, &params, image);
	if (r)
		errx(1, "compile: %s", strerror(-r));
	free(policy);
}

static int image_map(const struct km_lines *image)
{
	struct km_err why = {""};
	size_t size = (size_t)image->count * KM_LINE;
	int map = km_image_map(image->data, size, km_image_class(size), &why);

	if (map < 0)
		errx(1, "%s", why.text);
	return map;
}

static void put_in_force(int images, const struct km_lines *image)
{
	struct km_err why = {""};
	int map = image_map(image);

	if (km_image_swap(images, 0, map, &why))
		errx(1, "%s", why.text);
	close(map);
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

static void load_cold(const struct km_lines *image, struct bench_guard *guard)
{
	int like = image_map(image);

	guard->cold = cold_bpf__open();
	if (!guard->cold)
		err(1, "cold programs");
	guard->cold->rodata->km_image_mask = km_image_class((size_t)image->count * KM_LINE) - 1;
	bpf_map__set_inner_map_fd(guard->cold->maps.images, like);
	bpf_map__set_max_entries(guard->cold->maps.denials, libbpf_num_possible_cpus());
	if (cold_bpf__load(guard->cold))
		err(1, "cold programs");
	put_in_force(bpf_map__fd(guard->cold->maps.images), image);
	guard->lookup_cold = bpf_program__fd(guard->cold->progs.km_lookup);
	guard->table = &guard->cold->bss->bench_table;
}

static void load(const struct km_pins *pins, const struct km_lines *image, struct km_object *object)
{
	struct km_err why = {""};

	if (km_object_load(pins, km_image_class((size_t)image->count * KM_LINE), true, netns_cookie(), object, &why))
		errx(1, "%s", why.text);
	put_in_force(object->images, image);
}

void bench_guard_load(const struct km_pins *pins, const struct bench_list *list, bool all, struct bench_guard *guard)
{
	struct km_lines image = {0};

	*guard = (struct bench_guard){.lookup_alone = -1, .lookup_cold = -1};
	compile(list, &image);
	load(pins, &image, &guard->both);
	guard->lookup = guard->both.lookup_prog;
	guard->packet = guard->both.packet_prog;
	if (all) {
		((struct km_image *)image.data)->flags &= ~KM_PACKET_LAYER;
		load(pins, &image, &guard->alone);
		guard->lookup_alone = guard->alone.lookup_prog;
		load_cold(&image, guard);
	}
	km_lines_free(&image);
}

void bench_guard_close(struct bench_guard *guard)
{
	km_object_close(&guard->both);
	if (guard->lookup_alone >= 0)
		km_object_close(&guard->alone);
	cold_bpf__destroy(guard->cold);
}
