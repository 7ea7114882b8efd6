/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/others.h"

#include <fcntl.h>
#include <string.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include "cleanup.h"
#include "kernel/neighbours.h"

#define ATTACHED_MAX 64 /* programs that one network namespace, or one cgroup, takes */
#define KNOWN_MAX 256
#define ANCESTORS 64

/* Programs that are no others'. */
struct known {
	uint32_t ids[KNOWN_MAX];
	size_t count;
};

/*
 * Gathered before and after the kernel is asked who is attached: a neighbour that moves its link to new programs in
 * between is known by one of the two.
 */
static void know(struct known *known, const struct km_pins *pins, const struct km_hold *hold)
{
	static const enum km_held links[] = {KM_HELD_LOOKUP, KM_HELD_PACKET};
	static const enum km_held progs[] = {KM_HELD_LOOKUP_PROG, KM_HELD_PACKET_PROG};
	struct km_program program;
	struct km_attachment place;

	for (size_t i = 0; i < sizeof(links) / sizeof(*links) && known->count + 2 <= KNOWN_MAX; i++) {
		if (hold->fd[links[i]] >= 0 && !km_link_read(hold->fd[links[i]], &place))
			known->ids[known->count++] = place.prog;
		if (hold->fd[progs[i]] >= 0 && !km_program_read(hold->fd[progs[i]], &program))
			known->ids[known->count++] = program.id;
	}
	known->count += km_neighbours_programs(pins, known->ids + known->count, KNOWN_MAX - known->count);
}

static bool knows(const struct known *known, uint32_t id)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->ids[i] == id)
			return true;
	return false;
}

static void add(struct km_others *others, uint32_t id)
{
	KM_AUTO_CLOSE int prog = bpf_prog_get_fd_by_id(id);
	struct km_program program;

	/* Gone meanwhile. */
	if (prog < 0 || km_program_read(prog, &program))
		return;
	if (others->count == KM_OTHERS) {
		others->more++;
		return;
	}
	others->list[others->count].id = id;
	memcpy(others->list[others->count++].name, program.name, sizeof(program.name));
}

/* Adds what is attached there and not known. True if it was attached without BPF_F_ALLOW_MULTI. */
static bool ask(int target, enum bpf_attach_type type, struct known *known, const struct km_pins *pins,
		const struct km_hold *hold, unsigned tolerated, struct km_others *others)
{
	uint32_t ids[ATTACHED_MAX], count = ATTACHED_MAX, flags = 0;
	unsigned before = others->count;

	know(known, pins, hold);
	if (bpf_prog_query(target, type, 0, &flags, ids, &count) || (tolerated && flags & tolerated))
		return false;
	know(known, pins, hold);
	for (uint32_t i = 0; i < count; i++) {
		if (knows(known, ids[i]))
			continue;
		add(others, ids[i]);
		/* Attached more than once it is still one. */
		if (known->count < KNOWN_MAX)
			known->ids[known->count++] = ids[i];
	}
	return others->count > before && !(flags & BPF_F_ALLOW_MULTI);
}

void km_others_lookup(const struct km_pins *pins, const struct km_hold *hold, int netns_fd, struct km_others *others)
{
	struct known known = {};

	*others = (struct km_others){};
	ask(netns_fd, BPF_SK_LOOKUP, &known, pins, hold, 0, others);
}

static bool is_cgroup2(int fd)
{
	struct statfs fs;

	return !fstatfs(fd, &fs) && (unsigned long)fs.f_type == CGROUP2_SUPER_MAGIC;
}

void km_others_packet(const struct km_pins *pins, const struct km_hold *hold, int cgroup_fd, struct km_others *others)
{
	KM_AUTO_CLOSE int at = openat(cgroup_fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct known known = {};

	*others = (struct km_others){};
	others->in_the_way = ask(cgroup_fd, BPF_CGROUP_INET_INGRESS, &known, pins, hold, 0, others);
	/* Above, only what allows neither more programs nor other ones below keeps ours out. */
	for (unsigned i = 0; i < ANCESTORS && at >= 0 && is_cgroup2(at); i++) {
		int above = openat(at, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		known.count = 0;
		others->in_the_way |= ask(at, BPF_CGROUP_INET_INGRESS, &known, pins, hold,
					  BPF_F_ALLOW_MULTI | BPF_F_ALLOW_OVERRIDE, others);
		close(at);
		at = above;
	}
}
