/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/links.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "cleanup.h"

/* Where a link of ours is attached; 0: nowhere any more. */
struct place {
	uint64_t where; /* inode of the network namespace, or id of the cgroup */
	uint32_t prog;
};

static int link_place(int link, struct place *place)
{
	struct bpf_link_info info = {0};
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(link, &info, &length))
		return -errno;
	place->prog = info.prog_id;
	place->where = info.type == BPF_LINK_TYPE_NETNS ? info.netns.netns_ino : info.cgroup.cgroup_id;
	return 0;
}

static uint32_t prog_id(int prog)
{
	struct bpf_prog_info info = {0};
	uint32_t length = sizeof(info);

	return bpf_obj_get_info_by_fd(prog, &info, &length) ? 0 : info.id;
}

/* Inode of what a file descriptor stands for: of a namespace its number, of a cgroup (64-bit systems) its id. */
static uint64_t target_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) ? 0 : st.st_ino;
}

/*
 * Moves the pinned link to `prog`, or makes a new one where there is none, it is detached, or sits elsewhere. The new
 * one is attached before the old one goes.
 */
static int attach(const struct km_pins *pins, const char *pin, int prog, int target, enum bpf_attach_type type)
{
	KM_AUTO_CLOSE int old = km_pins_get(pins, pin, NULL);
	KM_AUTO_CLOSE int link = -1;
	struct place place;
	int r;

	if (old >= 0 && !link_place(old, &place) && place.where == target_of(target)) {
		if (!bpf_link_update(old, prog, NULL))
			return 0;
		if (errno != ENOLINK)
			return -errno;
	}
	link = bpf_link_create(prog, target, type, NULL);
	if (link < 0)
		return -errno;
	r = km_pins_put(pins, pin, link, NULL);
	return r;
}

int km_link_lookup(const struct km_pins *pins, int prog, int netns_fd, struct km_err *err)
{
	int r = attach(pins, KM_PIN_LOOKUP, prog, netns_fd, BPF_SK_LOOKUP);

	if (r == -E2BIG)
		return km_fail(
			err, E2BIG,
			"sk_lookup: 64 other programs are attached to this network namespace already; `bpftool netns "
			"show` lists them");
	if (r)
		return km_fail(err, -r, "sk_lookup cannot be attached to the network namespace: %s", strerror(-r));
	return 0;
}

int km_link_packet(const struct km_pins *pins, int prog, int cgroup_fd, struct km_err *err)
{
	int r = attach(pins, KM_PIN_PACKET, prog, cgroup_fd, BPF_CGROUP_INET_INGRESS);

	if (r == -EPERM)
		return km_fail(
			err, EPERM,
			"cgroup_skb cannot be attached: another cgroup_skb/ingress program sits on the cgroup without "
			"BPF_F_ALLOW_MULTI; `bpftool cgroup tree` names it, and it has to go (or `layers: [lookup]`)");
	if (r)
		return km_fail(err, -r, "cgroup_skb cannot be attached to the cgroup: %s", strerror(-r));
	return 0;
}

int km_link_packet_drop(const struct km_pins *pins, struct km_err *err)
{
	return km_pins_drop(pins, KM_PIN_PACKET, err);
}

static void health(const struct km_pins *pins, const char *pin, const char *prog_pin, uint64_t where,
		   struct km_hook *hook)
{
	KM_AUTO_CLOSE int link = km_pins_get(pins, pin, NULL);
	KM_AUTO_CLOSE int prog = km_pins_get(pins, prog_pin, NULL);
	struct place place;

	if (link < 0 || link_place(link, &place)) {
		hook->kind = "unpinned";
		snprintf(hook->trouble, sizeof(hook->trouble),
			 "no link is pinned as %s; `kubemoat load` attaches again", pin);
		return;
	}
	if (!place.where) {
		hook->kind = "detached";
		snprintf(hook->trouble, sizeof(hook->trouble), "somebody detached it; `kubemoat load` attaches again");
		return;
	}
	if (where && place.where != where) {
		hook->kind = "detached";
		snprintf(hook->trouble, sizeof(hook->trouble),
			 "attached elsewhere (%llu, not %llu); `kubemoat load` attaches "
			 "here",
			 (unsigned long long)place.where, (unsigned long long)where);
		return;
	}
	hook->attached = true;
	if (prog >= 0 && place.prog != prog_id(prog)) {
		hook->attached = false;
		hook->kind = "replaced";
		snprintf(hook->trouble, sizeof(hook->trouble),
			 "somebody replaced our program by program %u; `kubemoat load` "
			 "puts it back",
			 place.prog);
	}
}

void km_links_health(const struct km_pins *pins, bool packet_wanted, unsigned netns_inode, uint64_t cgroup_id,
		     struct km_hook hooks[KM_HOOK_COUNT])
{
	hooks[0] = (struct km_hook){.name = KM_HOOK_LOOKUP, .wanted = true};
	hooks[1] = (struct km_hook){.name = KM_HOOK_PACKET, .wanted = packet_wanted};
	health(pins, KM_PIN_LOOKUP, KM_PIN_LOOKUP_PROG, netns_inode, &hooks[0]);
	if (packet_wanted)
		health(pins, KM_PIN_PACKET, KM_PIN_PACKET_PROG, cgroup_id, &hooks[1]);
}
