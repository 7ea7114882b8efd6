/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/cgroup.h"
#include "host/clock.h"
#include "host/kept.h"
#include "host/netns.h"
#include "host/owners.h"
#include "host/watch.h"
#include "inforce.h"
#include "intact.h"
#include "policy/addr.h"
#include "policy/endpoint.h"

void km_status_problem(struct km_status *status, const char *kind, const char *hook, const char *format, ...)
{
	struct km_problem *problem;
	va_list args;

	if (status->problem_count == KM_PROBLEMS)
		return;
	problem = &status->problems[status->problem_count++];
	problem->kind = kind;
	problem->hook = hook;
	va_start(args, format);
	vsnprintf(problem->message, sizeof(problem->message), format, args);
	va_end(args);
}

static int __attribute__((format(printf, 2, 3))) add_warning(struct km_status *status, const char *format, ...)
{
	char **warnings = reallocarray(status->warnings, status->warning_count + 1, sizeof(*warnings));
	va_list args;
	int length;

	if (!warnings)
		return -ENOMEM;
	status->warnings = warnings;
	va_start(args, format);
	length = vasprintf(&warnings[status->warning_count], format, args);
	va_end(args);
	if (length < 0)
		return -ENOMEM;
	status->warning_count++;
	return 0;
}

/* From what is held: the books may have lost their pins. -ENOENT: there are none. */
static int read_book(const struct km_pins *pins, const struct km_hold *hold, struct km_status *status,
		     struct km_err *err)
{
	struct km_book book = {.state = hold->fd[KM_HELD_STATE], .names = hold->fd[KM_HELD_NAMES]};
	int r;

	/* Not there, or of another version: that says which. */
	if (book.state < 0 || book.names < 0) {
		r = km_book_open(pins, false, &book, err);
		if (!r)
			km_book_close(&book);
		return r ?: -ENOENT;
	}
	r = km_book_check_layout(book.state, err);
	if (!r)
		r = km_book_state(&book, &status->state, err);
	return r ? r : km_book_names(&book, status->rows, err);
}

/* Opens what was guarded at the last load. Where that is not to be had, coverage cannot be vouched for. */
static int open_places(const struct km_target *target, struct km_status *status, struct km_places *places,
		       struct km_err *err)
{
	const char *cgroup = target->cgroup ?: status->state.cgroup;
	unsigned inode;
	int r;

	places->netns = km_netns_open(target->netns, err);
	if (places->netns < 0)
		return places->netns;
	r = km_netns_inode(places->netns, &inode, err);
	if (r)
		return r;
	if (inode != status->state.netns_inode) {
		km_status_problem(
			status, "uncovered", NULL,
			"who listens cannot be seen from here: the instance guards network namespace net:[%u], "
			"this is net:[%u]; say --netns PATH",
			status->state.netns_inode, inode);
		close(KM_TAKE_FD(places->netns));
		places->netns = -1;
	}
	if (!status->state.packet_layer)
		return 0;
	snprintf(places->cgroup_path, sizeof(places->cgroup_path), "%s", cgroup);
	places->cgroup = km_cgroup_open(cgroup, err);
	if (places->cgroup < 0)
		km_status_problem(status, "uncovered", "cgroup_skb", "%s", err->text);
	return 0;
}

static void close_places(const struct km_places *places)
{
	if (places->netns >= 0)
		close(places->netns);
	if (places->cgroup >= 0)
		close(places->cgroup);
}

static void judge_listener(const struct km_places *places, struct km_status *status,
			   struct km_status_listener *listener)
{
	const struct km_listener *socket = &listener->socket;
	char path[KM_CGROUP_PATH] = "", address[KM_ADDR_TEXT];

	listener->covered = true;
	if (places->cgroup < 0)
		return;
	if (km_cgroup_covers(places->cgroup, socket->cgroup, path)) {
		listener->cgroup = *path ? strdup(path) : NULL;
		return;
	}
	listener->covered = false;
	km_ip_format(socket->family, socket->ip, address);
	km_status_problem(
		status, "uncovered", "cgroup_skb",
		"the listener on %s port %u (uid %u) is outside %s, no packet to it is judged; load from the host's "
		"cgroup namespace, or with --cgroup and the host's cgroup2 mount",
		address, socket->port, socket->uid, places->cgroup_path);
}

/* Below the root of the hierarchy is everything, seen or not; elsewhere nobody can vouch for a listener. */
static int tell_blind(const struct km_places *places, struct km_status *status, const struct km_err *why)
{
	static const char format[] = "who listens on the guarded ports cannot be seen: %s; `modprobe -a tcp_diag "
				     "inet_diag`, or allow NETLINK_SOCK_DIAG";

	if (places->cgroup < 0 || km_cgroup_is_root(places->cgroup))
		return add_warning(status, format, why->text);
	km_status_problem(status, "uncovered", "cgroup_skb", format, why->text);
	return 0;
}

static int read_listeners(struct km_places *places, enum km_status_depth depth, struct km_status *status,
			  struct km_err *err)
{
	KM_AUTO_FREE struct km_listener *found = NULL;
	unsigned ports[KM_PORTS];
	struct km_err why = {};
	size_t count = 0;
	int r;

	for (unsigned slot = 0; slot < KM_SLOTS; slot++)
		for (unsigned i = 0; status->rows[slot].in_force && i < status->rows[slot].port_count; i++)
			if (count < KM_PORTS)
				ports[count++] = status->rows[slot].ports[i];
	if (!count || places->netns < 0)
		return 0;
	if (km_listeners_read(places->netns, ports, count, &found, &count, &why)) {
		places->blind = true;
		r = tell_blind(places, status, &why);
		return r ? km_fail(err, -r, "%s: no memory for its warnings", status->name) : 0;
	}
	if (!count)
		return 0;
	status->listeners = calloc(count, sizeof(*status->listeners));
	if (!status->listeners)
		return km_fail(err, ENOMEM, "%s: no memory for %zu listeners", status->name, count);
	status->listener_count = count;
	for (size_t i = 0; i < count; i++) {
		struct km_status_listener *listener = &status->listeners[i];

		listener->socket = found[i];
		judge_listener(places, status, listener);
		if (depth == KM_STATUS_FULL && !km_socket_owner(found[i].inode, &listener->pid, listener->comm))
			listener->pid = 0;
	}
	return 0;
}

static bool serves(const struct km_listener *socket, enum km_family family)
{
	static const struct km_ip any;
	bool dual = socket->family == KM_V6 && !socket->v6only && !km_ip_compare(socket->ip, any);

	return !km_ip_loopback(socket->family, socket->ip) && (socket->family == family || dual);
}

/* A list of one family in front of a listener of both: seldom meant. */
static int check_families(struct km_status *status)
{
	int r = 0;

	for (unsigned i = 0; i < KM_SLOTS * KM_FAMILIES && !r; i++) {
		const struct km_name_row *row = &status->rows[i / KM_FAMILIES];
		enum km_family family = i % KM_FAMILIES;

		if (!row->in_force || row->rules[family])
			continue;
		for (size_t j = 0; j < status->listener_count; j++) {
			const struct km_listener *socket = &status->listeners[j].socket;

			if (!km_row_guards(row, socket->port) || !serves(socket, family))
				continue;
			r = add_warning(status, "%s has no IPv%c rule, but who listens on port %u serves IPv%c: %s",
					row->name, family == KM_V4 ? '4' : '6', socket->port,
					family == KM_V4 ? '4' : '6',
					row->enforce ? "all of it is refused" : "all of it would be refused");
			break;
		}
	}
	return r;
}

static void check_policy(struct km_status *status)
{
	const struct km_state *state = &status->state;

	if (*state->refusal)
		km_status_problem(status, state->rolled_back ? "rolled_back" : "refused", NULL,
				  "the files are refused, %s: %s",
				  status->loaded ? "the last good policy stays in force" : "nothing is attached",
				  state->refusal);
	if (state->kept)
		km_status_problem(
			status, "kept", NULL,
			"running from the kept files: those of %s are refused, the problem beside this one says why",
			state->config);
}

/* A daemon whose port for the metrics is taken goes on without: who listens there is what the kernel says. */
static int check_metrics(struct km_status *status, const struct km_endpoint *metrics)
{
	KM_AUTO_FREE struct km_listener *found = NULL;
	KM_AUTO_CLOSE int netns = -1;
	char path[64], text[KM_ENDPOINT_TEXT], other[64] = "its log says why";
	const unsigned port = metrics->port;
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%u/ns/net", status->state.daemon_pid);
	netns = km_netns_open(path, NULL);
	if (netns < 0 || km_listeners_read(netns, &port, 1, &found, &count, NULL))
		return 0;
	for (size_t i = 0; i < count; i++) {
		char comm[16];
		int pid;

		if (!km_socket_owner(found[i].inode, &pid, comm))
			continue;
		if ((unsigned)pid != status->state.daemon_pid)
			snprintf(other, sizeof(other), "%s (pid %d) listens on that port", comm, pid);
		else if (found[i].family == metrics->family && !km_ip_compare(found[i].ip, metrics->ip))
			return 0;
	}
	return add_warning(status, "the daemon (pid %u) does not serve metrics on %s: %s", status->state.daemon_pid,
			   km_endpoint_format(metrics, text), other);
}

/*
 * What takes parsing the kept policy: when it changes by itself next, whether its files can be watched, and where
 * the metrics should be.
 */
static int read_kept(const struct km_target *target, struct km_status *status)
{
	struct km_facts facts = {.now = status->now};
	struct km_ruling ruling = {};
	struct km_err err = {};
	int r = 0;

	if (km_ruling_kept(target->name, false, &facts, &ruling, &err)) {
		r = add_warning(status, "the kept files cannot be read, explain cannot name rules: %s", err.text);
	} else {
		status->next_until = ruling.policy.next_until;
		if (status->daemon_lives)
			r = check_metrics(status, &ruling.policy.config.metrics);
		for (unsigned i = 0; i < ruling.bundle.count && !r; i++) {
			const char *path = ruling.bundle.files[i].path;

			if (path && km_watch_own_mount(path))
				r = add_warning(status,
						"%s is a mount of its own and never sees an update of its volume; "
						"mount the directory instead",
						path);
		}
	}
	km_ruling_free(&ruling);
	return r;
}

static bool packet_covers(const struct km_places *places, const struct km_status *status)
{
	if (!status->hooks[1].attached || places->cgroup < 0 || places->netns < 0)
		return false;
	if (places->blind)
		return km_cgroup_is_root(places->cgroup);
	for (size_t i = 0; i < status->listener_count; i++)
		if (!status->listeners[i].covered)
			return false;
	return true;
}

static int read_loaded(const struct km_target *target, struct km_pins *pins, const char *missing, struct km_hold *hold,
		       enum km_status_depth depth, struct km_status *status, struct km_err *err)
{
	__attribute__((cleanup(close_places))) struct km_places places = {.netns = -1, .cgroup = -1};
	int r;

	r = open_places(target, status, &places, err);
	if (r)
		return r;
	status->daemon_lives =
		status->state.daemon_pid && (!kill((pid_t)status->state.daemon_pid, 0) || errno == EPERM);
	km_intact_check(pins, &places, missing, hold, status);
	r = read_listeners(&places, depth, status, err);
	if (r)
		return r;
	status->packet_covers = packet_covers(&places, status);
	if (status->state.clock_doubted &&
	    add_warning(status,
			"the clock is behind a moment that has been: permissions with `until` count as over until "
			"it is set"))
		return km_fail(err, ENOMEM, "%s: no memory for its warnings", target->name);
	if (check_families(status) || (depth == KM_STATUS_FULL && read_kept(target, status)))
		return km_fail(err, ENOMEM, "%s: no memory for its warnings", target->name);
	return 0;
}

/* No directory, or no BPF file system to have one in. */
static bool is_absence(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ENOTSUP;
}

/* Nothing is held: an instance that nobody unloaded is not only not loaded. */
static int read_unloaded(const struct km_target *target, int r, const struct km_err *missing, bool off,
			 struct km_status *status)
{
	if (!is_absence(r))
		return r;
	if (!off && km_kept_exists(target->name))
		km_status_problem(status, "unpinned", NULL, "%s, and nobody unloaded it: `kubemoat load` guards again",
				  missing->text);
	else if (r != -ENOENT)
		return r;
	return 0;
}

int km_status_read_held(const struct km_target *target, struct km_hold *hold, enum km_status_depth depth,
			struct km_status *status, struct km_err *err)
{
	struct km_pins pins = {.dir = -1};
	struct km_err missing = {};
	const char *off;
	char buffer[256];
	int opened, r;

	*status = (struct km_status){
		.name = target->name,
		.now = km_clock_wall(),
		.next_until = KM_FOREVER,
	};
	off = km_off(target->name, buffer);
	if (off)
		km_status_problem(status, "off", NULL, "%s: nothing is attached at boot; remove it to guard again",
				  off);
	opened = km_pins_open(target->bpffs, target->name, false, &pins, &missing);
	km_hold_look(hold, &pins);
	r = opened && (!is_absence(opened) || hold->fd[KM_HELD_STATE] < 0) ? opened
									   : read_book(&pins, hold, status, &missing);
	if (!r)
		status->loaded = status->state.generation != 0;
	if (status->state.trial_at)
		status->trial_until = status->now + (int64_t)(status->state.trial_at - (uint64_t)km_clock_boot());
	else
		r = read_unloaded(target, r, &missing, off, status);
	if (r && err)
		*err = missing;
	check_policy(status);
	if (depth == KM_STATUS_FULL)
		status->lack_count = km_lacks_find(target->netns, status->lacks);
	if (status->loaded)
		r = read_loaded(target, &pins, opened ? missing.text : NULL, hold, depth, status, err);
	km_pins_close(&pins);
	return r;
}

int km_status_read(const struct km_target *target, enum km_status_depth depth, struct km_status *status,
		   struct km_err *err)
{
	struct km_hold hold;
	int r;

	km_hold_init(&hold);
	r = km_status_read_held(target, &hold, depth, status, err);
	km_hold_close(&hold);
	return r;
}

void km_status_free(struct km_status *status)
{
	for (size_t i = 0; i < status->listener_count; i++)
		free(status->listeners[i].cgroup);
	free(status->listeners);
	for (unsigned i = 0; i < status->warning_count; i++)
		free(status->warnings[i]);
	free(status->warnings);
	status->listeners = NULL;
	status->warnings = NULL;
	status->listener_count = status->warning_count = 0;
}

bool km_status_healthy(const struct km_status *status)
{
	return status->loaded && !status->problem_count;
}

bool km_row_guards(const struct km_name_row *row, uint16_t port)
{
	for (unsigned i = 0; i < row->port_count && i < KM_PORTS; i++)
		if (row->ports[i] == port)
			return true;
	return false;
}

const char *km_status_mode(const struct km_status *status)
{
	bool enforce = false, audit = false;

	for (unsigned slot = 0; slot < KM_SLOTS; slot++) {
		const struct km_name_row *row = &status->rows[slot];

		enforce |= row->in_force && row->enforce;
		audit |= row->in_force && !row->enforce;
	}
	return enforce && audit ? "mixed" : enforce ? "enforce" : "audit";
}
