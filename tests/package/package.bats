# SPDX-License-Identifier: BSD-2-Clause
# The Debian package's life, in a Debian of its own that shares this kernel: KM_PACKAGE is the package, KM_CHROOT the archive of
# a system that has what it depends on. Run by scripts/test-deb, in a mount namespace of its own.

load ../e2e/lib/guard
load lib

setup() {
	guard_setup
	chroot_unpack
	# Kernel file systems belong to a network namespace: sysfs is mounted from within it.
	mount -t proc proc "$ROOT/proc"
	on host mount -t sysfs sysfs "$ROOT/sys"
	mount -t bpf bpf "$ROOT/sys/fs/bpf"
	mount -t cgroup2 cgroup2 "$ROOT/sys/fs/cgroup"
	exits 0 inside dpkg -i /kubemoat.deb
}

teardown() {
	guard_teardown
	umount --recursive "$ROOT/sys" "$ROOT/proc"
}

# Runs a command of the chroot, on the guarded host.
inside() {
	on host env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$ROOT" "$@"
}

km() {
	inside kubemoat "$@"
}

wanted_at_boot() {
	find "$ROOT/etc/systemd" -name 'kubemoat*' -printf '%f\n' | sort
}

# The kernel has two files of its own there.
pinned() {
	find "$ROOT/sys/fs/bpf" -mindepth 1 ! -name '*.debug'
}

@test "installed: command, manual pages, completion; both units are wanted at boot, before network and kubelet" {
	exits 0 km --version
	version=$(cut -d ' ' -f 2 "$T/output")
	[ "$("$KM_ROOT/scripts/version" --debian "$version")-1" = "$(dpkg-deb -f "$KM_PACKAGE" Version)" ] || fail "$version"
	for page in man8/kubemoat.8 man5/kubemoat.yaml.5 man5/kubemoat.allow.5; do
		zcat "$ROOT/usr/share/man/$page.gz" | mandoc -Tascii | grep -q kubemoat || fail "$page"
	done
	bash -n "$ROOT/usr/share/bash-completion/completions/kubemoat"
	[ "$(wanted_at_boot)" = "kubemoat-load.service
kubemoat.service" ] || fail "$(wanted_at_boot)"
	grep -E '^Before=.*network-pre.target.* kubelet.service' "$ROOT/lib/systemd/system/kubemoat-load.service"
	exits 0 inside dpkg --verify kubemoat
}

@test "as installed its files are valid, and refuse nobody" {
	exits 0 km check
	told "valid, 4 services"
	server_start api "$HOST4:6443"
	exits 0 km load
	sees stranger served "$HOST4:6443"
	[ "$(counted apiserver audit denied_source)" = 1 ]
}

@test "runs: the daemon of the package refuses who is not listed, and goes on serving metrics" {
	server_start api "$HOST4:6443"
	enforce
	spawn_on host daemon chroot "$ROOT" kubemoat run
	within 20 on host curl -sf http://127.0.0.1:9475/readyz
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	on host curl -s http://127.0.0.1:9475/metrics |
		grep -xF 'kubemoat_connections_total{service="apiserver",verdict="deny",reason="denied_source"} 1'
}

@test "an upgrade keeps the guard enforcing, and the files as the administrator wrote them" {
	server_start api "$HOST4:6443"
	enforce
	exits 0 km load
	upgraded
	# shellcheck disable=SC2016 # dpkg's
	[ "$(inside dpkg-query -W -f '${Version}' kubemoat)" = 9999-1 ]
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	grep -qx "$CLIENT4" "$CONF/apiserver.allow"
	grep -qx 'mode: enforce' "$CONF/kubemoat.yaml"
	grep -qx '# of the next version' "$CONF/kubelet.allow"
	exits 0 km load
	healthy
}

@test "removed: nothing is filtered any more, of no instance, and the daemons are gone" {
	server_start api "$HOST4:6443"
	enforce
	spawn_on host daemon chroot "$ROOT" kubemoat run
	local daemon=$SPAWNED
	within 20 on host curl -sf http://127.0.0.1:9475/readyz
	mkdir "$CONF/second"
	printf 'version: 1\nservices:\n  web: {ports: [443], allow: []}\n' > "$CONF/second/kubemoat.yaml"
	exits 0 km --name second --config /etc/kubemoat/second load
	sees stranger refused "$HOST4:6443"
	exits 0 inside dpkg -r kubemoat
	within 10 gone "$daemon"
	sees stranger served "$HOST4:6443"
	[ -z "$(pinned)" ] || fail "pinned: $(pinned)"
	grep -qx "$CLIENT4" "$CONF/apiserver.allow"
}

@test "purged: nothing of it is left but the lists that the administrator added" {
	server_start api "$HOST4:6443"
	enforce
	allow members "$CLIENT4"
	exits 0 km load
	exits 0 inside dpkg -P kubemoat
	sees stranger served "$HOST4:6443"
	[ -z "$(pinned)" ] || fail "pinned: $(pinned)"
	[ -z "$(wanted_at_boot)" ] || fail "$(wanted_at_boot)"
	left=$(find "$ROOT" -xdev -path '*kubemoat*' ! -path "$ROOT/kubemoat.deb" | sed "s|^$ROOT||" | sort)
	[ "$left" = "/etc/kubemoat
/etc/kubemoat/members.allow" ] || fail "left: $left"
}

@test "removed where nothing was ever loaded, and where there is no BPF file system" {
	umount "$ROOT/sys/fs/bpf"
	exits 0 inside dpkg -r kubemoat
	exits 0 inside dpkg -P kubemoat
}
