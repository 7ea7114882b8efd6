# SPDX-License-Identifier: BSD-2-Clause
# Where kubemoat finds itself: it works there, or one line says what is wrong and what to do. Never healthy while a
# listener is not covered.

# shellcheck disable=SC2016 # scripts for other shells

load lib/guard

setup() {
	guard_setup
	guard_one apiserver 6443 "$CLIENT4"
}
teardown() { guard_teardown; }

CGROUP2_MOUNT=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)

# Runs a verb where the test's cgroup is the root of the hierarchy and nothing shows the real one.
in_private_cgroups() {
	cgroup_make
	(in_cgroup unshare -C -m bash -c "umount -l $CGROUP2_MOUNT && mount -t cgroup2 cgroup2 $CGROUP2_MOUNT &&"' exec "$@"' - \
		"$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" "$@")
}

# Runs a verb in a mount namespace of its own, changed by the commands first. in_private_mounts COMMANDS VERB...
in_private_mounts() {
	local commands=$1
	shift
	unshare -m bash -c "$commands"' && exec "$@"' - \
		"$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" "$@"
}

@test "the whole host, from anywhere: healthy, and status lists who listens" {
	server_start echo '[::]:6443'
	km load
	healthy
	[ "$(km status -o json | jq ".services[0].listeners[0].pid")" = "$SERVER" ]
	[ "$(km status -o json | jq ".services[0].listeners[0].covered")" = true ]
}

@test "a cgroup that does not hold the listener: degraded, naming the listener" {
	server_start echo '[::]:6443'
	cgroup_make
	exits 0 km --cgroup "$CGROUP" load
	exits 1 km status
	told uncovered 6443 "$SERVER"
	[ "$(problem_kinds)" = uncovered ]
	sees stranger refused "$HOST4:6443"
}

@test "a cgroup that holds the listener: healthy" {
	cgroup_make
	server_inside echo '0.0.0.0:6443'
	km --cgroup "$CGROUP" load
	healthy
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

@test "a listener that appears outside the cgroup later makes it degraded" {
	cgroup_make
	server_inside echo '10.77.1.1:6443'
	km --cgroup "$CGROUP" load
	healthy
	server_start outside '10.77.2.1:6443'
	exits 1 km status
	[ "$(problem_kinds)" = uncovered ]
}

@test "deny: drop where the listener is not covered answers by reset, degraded" {
	server_start echo '[::]:6443'
	cgroup_make
	config <<< 'version: 1
mode: enforce
services: {apiserver: {deny: drop}}'
	km --cgroup "$CGROUP" load
	sees stranger refused "$HOST4:6443"
	exits 1 km status
}

@test "a private cgroup namespace with the listener outside: degraded, naming the mount it needs" {
	server_start echo '[::]:6443'
	exits 0 in_private_cgroups load
	exits 1 in_private_cgroups status
	told uncovered 6443 cgroup2
	sees stranger refused "$HOST4:6443"
	exits 1 km status
}

@test "a private cgroup namespace with the listener inside: healthy" {
	cgroup_make
	server_inside echo '0.0.0.0:6443'
	exits 0 in_private_cgroups load
	exits 0 in_private_cgroups status
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

@test "a private bpffs: refused or warned at load, with the mount it needs" {
	server_start echo '[::]:6443'
	code=0
	in_private_mounts 'mount -t bpf bpf /sys/fs/bpf' load > "$T/output" 2> "$T/errors" || code=$?
	[ "$code" = 0 ] || [ "$code" = 3 ]
	grep bpffs "$T/errors" | grep /sys/fs/bpf
	within 5 sees stranger served "$HOST4:6443"
}

@test "a bpffs mounted elsewhere is used when named" {
	server_start echo '[::]:6443'
	mkdir "$T/bpf"
	mount -t bpf bpf "$T/bpf"
	code=0
	km --bpffs "$T/bpf" load || code=1
	sees stranger refused "$HOST4:6443" || code=1
	sees client served "$HOST4:6443" || code=1
	km --bpffs "$T/bpf" unload || code=1
	umount "$T/bpf"
	[ "$code" = 0 ]
}

@test "inside ip netns exec, whose /sys hides bpffs and cgroups: one line says so and names --netns" {
	server_start echo '[::]:6443'
	refuses 3 "bpf --netns" ip netns exec "$KM_NETNS-host" "$KM" -n "$NAME" -c "$CONF" load
	sees stranger served "$HOST4:6443"
}

@test "inside ip netns exec with both mounted again it works" {
	server_start echo '[::]:6443'
	exits 0 ip netns exec "$KM_NETNS-host" bash -c 'mount -t bpf bpf /sys/fs/bpf &&
		mount -t cgroup2 cgroup2 /sys/fs/cgroup && "$@" load && "$@" status' - \
		"$KM" -n "$NAME" -c "$CONF"
}

@test "without privilege: one line, exit 3" {
	chmod -R a+rX "$CONF"
	refuses 3 "CAP_BPF" setpriv --bounding-set=-all --inh-caps=-all "$KM" -n "$NAME" -c "$CONF" load
	nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups "$KM" -n "$NAME" -c "$CONF")
	refuses 3 "run as root" "${nobody[@]}" load
	refuses 3 "run as root" "${nobody[@]}" run
	[ ! -e "$BPFFS/$NAME" ]
	exits 0 km load
	for verb in load reload unload status stats drops run; do
		refuses 3 "run as root" "${nobody[@]}" $verb
	done
}

@test "an empty directory that somebody else put in the place of the pins is no obstacle" {
	mkdir -m 700 "$BPFFS/$NAME"
	chown 65534 "$BPFFS/$NAME"
	exits 0 km load
	[ "$(stat -c %u "$BPFFS/$NAME")" = 0 ]
}

@test "without bpffs: one line says what to mount, exit 3" {
	refuses 3 "mount -t bpf /sys/fs/bpf" in_private_mounts 'umount -l /sys/fs/bpf' load
}

@test "without cgroup2: one line says what to mount, exit 3; layers: [lookup] needs none" {
	server_start echo '[::]:6443'
	refuses 3 "cgroup2 mount" in_private_mounts "umount -l $CGROUP2_MOUNT" load
	echo 'layers: [lookup]' >> "$CONF/kubemoat.yaml"
	exits 0 in_private_mounts "umount -l $CGROUP2_MOUNT" load
	sees stranger refused "$HOST4:6443"
}

@test "seccomp refuses bpf(): exit 3 names both" {
	refuses 3 "bpf seccomp" "$TOOLS/without" bpf "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" load
}

@test "where sock_diag is missing it guards all the same, and status says that who listens cannot be seen" {
	server_start echo '[::]:6443'
	blind=("$TOOLS/without" sock_diag "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host")
	exits 0 "${blind[@]}" load
	sees stranger refused "$HOST4:6443"
	exits 0 "${blind[@]}" status
	told healthy "who listens" tcp_diag
}

@test "without the kernel's type information it loads and enforces" {
	server_start echo '[::]:6443'
	exits 0 in_private_mounts 'mount -t tmpfs none /sys/kernel/btf' load
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

@test "a small limit of locked memory is no obstacle" {
	server_start echo '[::]:6443'
	(ulimit -l 64 && exits 0 km load)
	sees stranger refused "$HOST4:6443"
}

@test "what is no directory of cgroup2, no bpffs, no namespace: one line names it, exit 3" {
	refuses 3 "$T" km --cgroup "$T" load
	refuses 3 "$T/none" km --bpffs "$T/none" load
	refuses 3 "$T/conf" "$KM" -n "$NAME" -c "$CONF" --netns "$CONF" load
	run ! test -e "$BPFFS/$NAME/lookup"
}
