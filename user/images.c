/* SPDX-License-Identifier: BSD-2-Clause */
#include "images.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "host/memory.h"
#include "kernel/image.h"
#include "kernel/watched.h"
#include "policy/schedule.h"

/* A policy of more rules has one further image, not seven: memory counts, and a daemon compiles at each moment anyway.
 */
#define FEW_RULES 100000

/* Each half of a trial has so many moments; without a trial one policy has all. */
#define TRIAL_MOMENTS 3

static int compile_one(const struct km_policy *policy, const struct km_facts *facts, int64_t moment,
		       const struct km_image_params *params, uint64_t at, struct km_images *images, struct km_err *err)
{
	struct km_facts then = *facts;
	int r;

	then.now = moment;
	images->at[images->count] = at;
	r = km_compile(policy, &then, params, &images->lines[images->count++]);
	if (r)
		km_fail(err, -r,
			r == -E2BIG ? "the policy needs more than %u MiB in the kernel; use wider prefixes"
				    : "no memory to compile the policy (limit %u MiB)",
			KM_LINES_MAX_BYTES >> 20);
	return r;
}

static unsigned room_for(const struct km_policy *policy, unsigned room)
{
	size_t rules = 0;

	for (unsigned s = 0; s < policy->config.service_count; s++)
		rules += policy->rules[s].count;
	return rules > FEW_RULES ? 1 : room;
}

/* One policy from a moment on until another, with what changes in between. */
static int compile_stretch(const struct km_policy *policy, const struct km_facts *facts, uint64_t boot, int64_t from,
			   int64_t to, unsigned room, const struct km_image_params *params, uint64_t at,
			   struct km_images *images, struct km_err *err)
{
	int64_t moments[KM_BANK];
	bool more = false;
	unsigned count;
	int r;

	if (facts->clock_doubted)
		return compile_one(policy, facts, KM_DOUBTED, params, at, images, err);
	count = km_policy_moments(policy, from, to, room_for(policy, room), moments, &more);
	r = compile_one(policy, facts, from, params, at, images, err);
	for (unsigned i = 0; i < count && !r; i++)
		r = compile_one(policy, facts, more && i + 1 == count ? KM_DOUBTED : moments[i], params,
				boot + (uint64_t)(moments[i] - facts->now), images, err);
	return r;
}

int km_images_compile(const struct km_policy *policy, const struct km_facts *facts, uint64_t boot,
		      const struct km_image_params *params, const struct km_way_back *back, struct km_images *images,
		      struct km_err *err)
{
	int64_t end;
	int r;

	if (!back->policy)
		return compile_stretch(policy, facts, boot, facts->now, KM_FOREVER, KM_BANK - 1, params, 0, images,
				       err);
	end = facts->now + (int64_t)(back->at - boot);
	r = compile_stretch(policy, facts, boot, facts->now, end, TRIAL_MOMENTS, params, 0, images, err);
	if (!r)
		r = compile_stretch(back->policy, facts, boot, end, KM_FOREVER, TRIAL_MOMENTS, &back->params, back->at,
				    images, err);
	return r;
}

void km_images_free(struct km_images *images)
{
	for (unsigned i = 0; i < KM_BANK; i++)
		km_lines_free(&images->lines[i]);
	*images = (struct km_images){};
}

size_t km_images_bytes(const struct km_images *images)
{
	size_t most = 0;

	for (unsigned i = 0; i < images->count; i++)
		if (km_lines_image_bytes(&images->lines[i]) > most)
			most = km_lines_image_bytes(&images->lines[i]);
	return most;
}

static struct km_image *header_of(const struct km_images *images, unsigned i)
{
	return (struct km_image *)images->lines[i].data;
}

void km_images_watch(const struct km_images *images, struct km_watched *watched)
{
	for (unsigned i = 0; i < images->count; i++)
		km_watch_image(header_of(images, i), watched);
}

static void rely(struct km_service *service, bool relies)
{
	service->flags = relies ? service->flags | KM_PACKET_LAYER : service->flags & ~KM_PACKET_LAYER;
}

/* Maps are charged to the memory limit too, and count in whole. */
static int check_memory(uint64_t need, struct km_err *err)
{
	struct km_memory memory;

	km_memory_read(&memory);
	if (!memory.limited || need <= memory.room)
		return 0;
	return km_fail(err, ENOMEM,
		       "the policy needs %" PRIu64 " KiB more in the kernel, the memory limit of %" PRIu64
		       " KiB leaves %" PRIu64 " KiB: raise the limit, or use fewer or wider prefixes",
		       need >> 10, memory.limit >> 10, memory.room >> 10);
}

int km_images_push(struct km_images *images, int map, uint32_t class, bool relies, struct km_err *err)
{
	int made[KM_BANK];
	unsigned count = 0;
	uint32_t bank;
	int r = km_image_free_bank(map, &bank, err);

	for (unsigned i = 0; i < images->count && !r; i++) {
		struct km_image *header = header_of(images, i);

		for (unsigned s = 0; s < KM_SERVICES; s++)
			rely(&header->set[s].service, relies);
		if (i)
			header_of(images, 0)->schedule[i - 1] =
				(struct km_deadline){.at = images->at[i], .slot = bank + i};
	}
	if (!r)
		r = check_memory((uint64_t)images->count * class, err);
	for (unsigned i = 0; i < images->count && !r; i++) {
		made[count] = km_image_map(header_of(images, i), km_lines_image_bytes(&images->lines[i]), class, err);
		if (made[count] < 0)
			r = made[count];
		else
			count++;
	}
	for (unsigned i = count; i-- > 0 && !r;)
		r = km_image_swap(map, i ? bank + i : 0, made[i], err);
	for (unsigned i = 0; i < count; i++)
		close(made[i]);
	if (!r)
		km_image_clear_bank(map, bank ? 0 : KM_BANK);
	return r;
}

int km_images_copy(int from, uint32_t from_class, int to, uint32_t to_class, unsigned more, struct km_err *err)
{
	int r = check_memory((uint64_t)(km_image_count(from) + more) * to_class, err);

	return r ?: km_image_copy_all(from, from_class, to, to_class, err);
}
