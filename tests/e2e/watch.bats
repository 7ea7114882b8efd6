# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2030,SC2031 # tests are subshells: each has its own CONF
# The daemon and its files: every way in which editors, config management and volumes change them.

load lib/guard

setup() {
	guard_setup
	guard_one apiserver 6443 "$CLIENT4"
	server_start echo "$HOST4:6443"
}
teardown() {
	mount_remove
	guard_teardown
}

mount_remove() {
	local at
	for at in "$T/merged" "$CONF/apiserver.allow"; do
		! mountpoint -q "$at" 2> /dev/null || umount "$at"
	done
}

# A volume as the kubelet makes it: files are links through ..data, a link to a directory with the time in its name.
volume_make() {
	VOLUME=$T/volume
	mkdir -p "$VOLUME/..one"
	mv "$CONF"/* "$VOLUME/..one/"
	ln -s ..one "$VOLUME/..data"
	ln -s ..data/kubemoat.yaml ..data/apiserver.allow "$VOLUME"
	CONF=$VOLUME
}

# volume_swap NEW OLD RULE...: the new directory is filled, the link renamed over, the old directory removed.
volume_swap() {
	cp -r "$VOLUME/..data/" "$VOLUME/..$1"
	printf '%s\n' "${@:3}" > "$VOLUME/..$1/apiserver.allow"
	ln -s "..$1" "$VOLUME/..data_tmp"
	mv -T "$VOLUME/..data_tmp" "$VOLUME/..data"
	rm -r "$VOLUME/..$2"
}

# bats test_tags=guard
@test "the ..data swap of a ConfigMap is in force within a second, once" {
	volume_make
	daemon_start
	sees stranger refused "$HOST4:6443"
	before=$(generation)
	volume_swap two one "$STRANGER4"
	within 1 sees stranger served "$HOST4:6443"
	volume_swap three two "$CLIENT4"
	within 1 sees stranger refused "$HOST4:6443"
	within 1 generation_is $((before + 2))
	throughout 1 generation_is $((before + 2))
}

@test "three saves by rename are three reloads" {
	daemon_start
	before=$(generation)
	for i in 1 2 3; do
		printf '%s\n' "$CLIENT4" "192.0.2.$i" > "$CONF/new"
		mv "$CONF/new" "$CONF/apiserver.allow"
		within 1 generation_is $((before + i))
	done
}

@test "a file that is truncated and then written: no listed client is refused" {
	daemon_start
	stream client client 3 "$HOST4:6443"
	for i in 1 2 3; do
		: > "$CONF/apiserver.allow"
		sleep 0.3
		printf '%s\n' "$CLIENT4" "192.0.2.$i" > "$CONF/apiserver.allow"
	done
	within 1 km explain apiserver 192.0.2.3
	streamed client served
}

@test "a list that was emptied waits for a typed reload" {
	daemon_start
	: > "$CONF/apiserver.allow"
	within 2 has_problem refused
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	km reload
	sees client refused "$HOST4:6443"
}

@test "a list that says !@any is applied by itself" {
	daemon_start
	allow apiserver '!@any'
	within 1 sees client refused "$HOST4:6443"
	sees host served "$HOST4:6443"
}

@test "a file written in place is read when its writer closes it" {
	daemon_start
	exec {writer}>> "$CONF/apiserver.allow"
	echo "$STRANGER4" >&"$writer"
	exec {writer}>&-
	within 1 sees stranger served "$HOST4:6443"
}

@test "a file whose writer keeps it open is read once it was still for a second" {
	daemon_start
	exec {writer}>> "$CONF/apiserver.allow"
	for i in 1 2 3 4; do
		echo "192.0.2.$i" >&"$writer"
		sleep 0.3
	done
	sees stranger refused "$HOST4:6443"
	echo "$STRANGER4" >&"$writer"
	within 2.5 sees stranger served "$HOST4:6443"
	exec {writer}>&-
}

@test "the mode is switched by editing the configuration" {
	daemon_start
	sees stranger refused "$HOST4:6443"
	sed -i 's/enforce/audit/' "$CONF/kubemoat.yaml"
	within 1 sees stranger served "$HOST4:6443"
	sed -i 's/audit/enforce/' "$CONF/kubemoat.yaml"
	within 1 sees stranger refused "$HOST4:6443"
}

@test "a list that is linked from elsewhere is watched where it lies" {
	mkdir "$T/elsewhere"
	mv "$CONF/apiserver.allow" "$T/elsewhere/"
	ln -s ../elsewhere/apiserver.allow "$CONF/apiserver.allow"
	daemon_start
	echo "$STRANGER4" >> "$T/elsewhere/apiserver.allow"
	within 1 sees stranger served "$HOST4:6443"
}

@test "a list that is removed and comes back is seen; meanwhile the last good policy stays" {
	daemon_start
	rm "$CONF/apiserver.allow"
	within 2 has_problem refused
	sees client served "$HOST4:6443"
	allow apiserver "$STRANGER4"
	within 2 sees stranger served "$HOST4:6443"
	within 2 healthy
}

@test "files that say the same are no reload" {
	daemon_start
	before=$(generation)
	cp "$CONF/apiserver.allow" "$CONF/new"
	mv "$CONF/new" "$CONF/apiserver.allow"
	touch "$CONF/kubemoat.yaml"
	throughout 1 generation_is "$before"
}

@test "other files in the directory are no reload" {
	daemon_start
	before=$(generation)
	echo nonsense > "$CONF/other.allow"
	throughout 1 generation_is "$before"
	healthy
}

@test "no inotify instance left: it starts, says so once, and sees changes by comparing" {
	spawn daemon "$TOOLS/without" inotify_init1 "$KM" -n "$NAME" -c "$CONF" \
		--netns "/run/netns/$KM_NETNS-host" run
	DAEMON=$SPAWNED
	within 5 daemon_is "$DAEMON"
	[ "$(grep -ci inotify "$T/daemon.err")" = 1 ]
	echo "$STRANGER4" >> "$CONF/apiserver.allow"
	within 35 sees stranger served "$HOST4:6443"
	[ "$(grep -ci inotify "$T/daemon.err")" = 1 ]
}

@test "a file that changes without events, below an overlay, is seen by comparing every 30 seconds" {
	mkdir "$T/upper" "$T/work" "$T/merged"
	mount -t overlay overlay -o "lowerdir=$CONF,upperdir=$T/upper,workdir=$T/work" "$T/merged"
	below=$CONF
	CONF=$T/merged
	daemon_start
	sees stranger refused "$HOST4:6443"
	echo "$STRANGER4" >> "$below/apiserver.allow"
	within 35 sees stranger served "$HOST4:6443"
}

@test "a file that is a mount of its own never sees a swap: status warns" {
	echo "$CLIENT4" > "$T/mounted.allow"
	mount --bind "$T/mounted.allow" "$CONF/apiserver.allow"
	daemon_start
	km status > "$T/status" || true
	grep -i 'apiserver.allow.*mount' "$T/status"
}
