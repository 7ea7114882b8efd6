# SPDX-License-Identifier: BSD-2-Clause
# The daemon dies: enforcement goes on from the pins, and its successor takes over links, maps and counts.

load lib/guard

setup() {
	guard_setup
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
}
teardown() { guard_teardown; }

adopted() {
	[ "$(km status -o json | jq .adopted)" = true ]
}

# bats test_tags=guard
@test "SIGKILL of the daemon under a stream of connects: no verdict is wrong, the next one adopts, counts go on exactly" {
	daemon_start
	run ! adopted
	streams 5
	for _ in 1 2 3; do
		daemon_stop KILL
		daemon_start
		adopted
	done
	streams_are_counted
	healthy
}

# bats test_tags=guard
@test "a daemon that crashes at any moment of its start leaves the guard as it was" {
	km load
	streams 6
	for ms in {1..30}; do
		spawn killed "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
		sleep "0.$(printf %03d $((ms * 4)))"
		kill -KILL "$SPAWNED"
		wait "$SPAWNED" || true
	done
	# The last one may have died between a link and its pin (kill.bats): the next start mends that, the one after adopts.
	daemon_start
	healthy
	daemon_stop KILL
	daemon_start
	adopted
	streams_are_counted
	healthy
	[ -z "$(find "$BPFFS/$NAME" -name '*-new')" ]
}

# bats test_tags=guard
@test "its pod is removed, namespaces and all: the guard stays, and the next pod's daemon adopts" {
	daemon_in_a_pod
	sees stranger refused "$HOST4:6443"
	inside=$(pgrep -P "$POD")
	kill -KILL "$POD"
	within 5 gone "$POD"
	within 5 gone "$inside"
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	expect_count apiserver deny denied_source 2
	daemon_in_a_pod
	within 2 adopted
	sees stranger refused "$HOST4:6443"
	expect_count apiserver deny denied_source 3
	expect_count apiserver allow allowed 1
	healthy
	kill -KILL "$POD"
}

# Mount, PID and IPC namespaces of its own, which end with it. $POD is what holds them.
daemon_in_a_pod() {
	[ -z "$KM_WITHOUT_GUARD" ] || return 0
	spawn pod unshare --mount --pid --ipc --fork --kill-child --mount-proc \
		"$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	POD=$SPAWNED
	within 10 grep -q "in force" "$T/pod.err"
}

@test "reload, load and the daemon take turns: the last files win, nothing is lost" {
	daemon_start
	streams 5
	for i in {1..20}; do
		allow apiserver "$CLIENT4" "192.0.2.$i"
		spawn "load$i" "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" load
		pid=$SPAWNED
		km reload
		wait "$pid"
	done
	streams_are_counted
	healthy
	daemon_is "$DAEMON"
	[ -z "$(find "$BPFFS/$NAME" -name '*-new')" ]
	km explain apiserver 192.0.2.20
	run ! km explain apiserver 192.0.2.19
}

@test "load beside a daemon gives it new programs: it lets go of the old ones" {
	daemon_start
	before=$(bpftool -j prog show pinned "$BPFFS/$NAME/lookup_prog" | jq .id)
	km load
	after=$(bpftool -j prog show pinned "$BPFFS/$NAME/lookup_prog" | jq .id)
	[ "$before" != "$after" ]
	within 5 no_program "$before"
	healthy
}

no_program() {
	! bpftool prog show id "$1"
}

@test "layers: [lookup] while a daemon runs: the packet layer goes, for the daemon too" {
	daemon_start
	link=$(bpftool -j link show pinned "$BPFFS/$NAME/packet" | jq .id)
	echo 'layers: [lookup]' >> "$CONF/kubemoat.yaml"
	km reload
	within 5 no_link "$link"
	[ ! -e "$BPFFS/$NAME/packet" ]
	healthy
	sees stranger refused "$HOST4:6443"
}

no_link() {
	! bpftool link show id "$1"
}
