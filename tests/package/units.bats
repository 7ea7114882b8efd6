# SPDX-License-Identifier: BSD-2-Clause
# The package's units under a systemd of their own, with all that they forbid themselves. KM_PACKAGE and KM_CHROOT as in
# package.bats.

load ../e2e/lib/guard
load lib

setup() {
	guard_setup
	chroot_unpack
	cgroup_make
	spawn boot in_cgroup nsenter --net="/run/netns/$KM_NETNS-host" \
		unshare --mount --pid --fork --kill-child --uts --ipc --cgroup "$BATS_TEST_DIRNAME/boot" "$ROOT"
	within 60 booted || fail "$(cat "$T/boot.err")"
	exits 0 inside dpkg -i /kubemoat.deb
	within 20 daemon_runs || fail "$(inside systemctl status --no-pager kubemoat)"
}

teardown() {
	stop_all
	within 10 cgroup_empty
	cgroup_remove
	net_teardown
}

booted() {
	INIT=$(pgrep -P "$SPAWNED") && [[ $(inside systemctl is-system-running) = @(running|degraded) ]]
}

cgroup_empty() {
	grep -qx 'populated 0' "$CGROUP/cgroup.events"
}

inside() {
	nsenter --target "$INIT" --mount --uts --ipc --net --pid --cgroup --root --wdns=/ \
		env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"
}

km() {
	inside kubemoat "$@"
}

unit_pid() {
	inside systemctl show --property MainPID --value kubemoat
}

daemon_runs() {
	[ "$(km status -o json | jq .daemon.pid)" = "$(unit_pid)" ]
}

@test "installed: both units are up, the guard is healthy, and in audit mode" {
	healthy
	server_inside api "$HOST4:6443"
	sees stranger served "$HOST4:6443"
	[ "$(counted apiserver audit denied_source)" = 1 ]
	inside systemd-analyze security --no-pager kubemoat | sed -nE 's/.*(Overall exposure.*: [0-9.]+).*/# \1/p' >&3
}

@test "the daemon's unit may do what it has to: read files, keep them, put back a pin, reload" {
	server_inside api "$HOST4:6443"
	enforce
	within 5 newer_than 1
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	[ -s "$ROOT/var/lib/kubemoat/kubemoat/policy" ]
	inside rm /sys/fs/bpf/kubemoat/lookup
	within 5 inside test -e /sys/fs/bpf/kubemoat/lookup
	exits 0 inside systemctl reload kubemoat
	echo nonsense >> "$CONF/apiserver.allow"
	exits 1 inside systemctl reload kubemoat
	within 20 daemon_runs
	sees stranger refused "$HOST4:6443"
}

@test "an upgrade starts a new daemon, and the guard never stops" {
	server_inside api "$HOST4:6443"
	enforce
	exits 0 km reload
	sees stranger refused "$HOST4:6443"
	local before
	before=$(unit_pid)
	upgraded
	[ "$(unit_pid)" != "$before" ]
	within 20 daemon_runs
	healthy
}

@test "stopped units leave the guard enforcing; purged, nothing of it runs or filters" {
	server_inside api "$HOST4:6443"
	enforce
	exits 0 km reload
	exits 0 inside systemctl stop kubemoat kubemoat-load
	sees stranger refused "$HOST4:6443"
	exits 0 inside dpkg -P kubemoat
	sees stranger served "$HOST4:6443"
	[ -z "$(inside systemctl list-units --all --no-legend 'kubemoat*')" ]
}
