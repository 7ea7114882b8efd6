/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/links.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <bpf/bpf.h>

#include "cleanup.h"
#include "kernel/identity.h"

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
	struct km_attachment place;
	int r;

	if (old >= 0 && !km_link_read(old, &place) && place.where == target_of(target)) {
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

int km_link_packet(const struct km_pins *pins, int prog, int cgroup_fd, const char *path, struct km_err *err)
{
	int r = attach(pins, KM_PIN_PACKET, prog, cgroup_fd, BPF_CGROUP_INET_INGRESS);

	if (r == -EPERM)
		return km_fail(err, EPERM,
			       "cgroup_skb cannot be attached to %.300s: another cgroup_skb/ingress program sits there "
			       "without BPF_F_ALLOW_MULTI; `bpftool cgroup show %.300s` names it, and it has to go",
			       path, path);
	if (r)
		return km_fail(err, -r, "cgroup_skb cannot be attached to %.300s: %s", path, strerror(-r));
	return 0;
}

int km_link_packet_drop(const struct km_pins *pins, struct km_err *err)
{
	return km_pins_drop(pins, KM_PIN_PACKET, err);
}

static void __attribute__((format(printf, 3, 4)))
say_trouble(struct km_hook *hook, const char *kind, const char *format, ...)
{
	va_list args;

	hook->kind = kind;
	va_start(args, format);
	vsnprintf(hook->trouble, sizeof(hook->trouble), format, args);
	va_end(args);
}

static void health(const struct km_hold *hold, enum km_held which, enum km_held prog, uint64_t where,
		   struct km_hook *hook)
{
	struct km_program program;
	struct km_attachment place;

	if (hold->fd[which] < 0 || km_link_read(hold->fd[which], &place)) {
		say_trouble(hook, "unpinned", "its link is gone with its pin '%s'; `kubemoat load` attaches again",
			    km_held_names[which]);
		return;
	}
	if (!place.where) {
		say_trouble(hook, "detached", "somebody detached it; `kubemoat load` attaches again");
		return;
	}
	if (where && place.where != where) {
		say_trouble(hook, "detached", "attached elsewhere (%llu, not %llu); `kubemoat load` attaches here",
			    (unsigned long long)place.where, (unsigned long long)where);
		return;
	}
	if (hold->fd[prog] >= 0 && !km_program_read(hold->fd[prog], &program) && place.prog != program.id) {
		say_trouble(
			hook, "replaced",
			"it runs program %u, not the one pinned: somebody replaced it, or a start was killed halfway; "
			"`kubemoat load` puts ours there",
			place.prog);
		return;
	}
	hook->attached = true;
	if (hold->another[which])
		say_trouble(hook, "replaced", "another link is pinned as '%s'; `kubemoat load` pins ours again",
			    km_held_names[which]);
	else if (!hold->pinned[which])
		say_trouble(hook, "unpinned",
			    "attached, but its pin '%s' is gone: it ends with whoever holds it; `kubemoat load` pins "
			    "it again",
			    km_held_names[which]);
}

void km_links_health(const struct km_hold *hold, bool packet_wanted, unsigned netns_inode, uint64_t cgroup_id,
		     struct km_hook hooks[KM_HOOK_COUNT])
{
	hooks[0] = (struct km_hook){.name = KM_HOOK_LOOKUP, .wanted = true};
	hooks[1] = (struct km_hook){.name = KM_HOOK_PACKET, .wanted = packet_wanted};
	health(hold, KM_HELD_LOOKUP, KM_HELD_LOOKUP_PROG, netns_inode, &hooks[0]);
	if (packet_wanted)
		health(hold, KM_HELD_PACKET, KM_HELD_PACKET_PROG, cgroup_id, &hooks[1]);
}
