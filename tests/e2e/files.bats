# SPDX-License-Identifier: BSD-2-Clause
# Files that are wrong or gone: the last good policy stays, and it is said.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

three_mistakes() {
	allow apiserver "$CLIENT4" '10.0.0.1/8' '198.51.100.20-198.51.100.10' "$STRANGER4" ' 192.0.2.300'
}

@test "a file with three mistakes: check prints three errors with line and column" {
	guard_one apiserver 6443 "$CLIENT4"
	three_mistakes
	exits 1 km check
	grep -E '(^|/)apiserver\.allow:2:[0-9]+: error: ' "$T/output" "$T/errors"
	grep -E '(^|/)apiserver\.allow:3:15: error: ' "$T/output" "$T/errors"
	grep -E '(^|/)apiserver\.allow:5:10: error: ' "$T/output" "$T/errors"
	[ "$(cat "$T/output" "$T/errors" | grep -c ': error: ')" = 3 ]
	exits 1 km check -o json
	[ "$(jq -c '[.valid, (.errors | length), .errors[1].line, .errors[1].column]' "$T/output")" = '[false,3,3,15]' ]
}

# bats test_tags=guard
@test "a reload of wrong files is refused, the old policy stays, status says so, a restart changes nothing of that" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	sees stranger refused "$HOST4:6443"
	three_mistakes
	[ -n "$KM_WITHOUT_GUARD" ] || exits 1 km reload
	[ "$(grep -c ': error: ' "$T/errors")" = 3 ]
	still_refused
	daemon_stop
	daemon_start
	still_refused
	exits 0 km load
	still_refused
	allow apiserver "$CLIENT4" "$STRANGER4"
	within 1 sees stranger served "$HOST4:6443"
	within 1 healthy
}

still_refused() {
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	exits 1 km status -o json
	[ "$(jq .healthy "$T/output")" = false ]
	[[ $(problem_kinds) =~ refused|kept ]]
}

@test "one bad entry among ten good ones: refused, and the daemon says it once" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	allow apiserver "$CLIENT4" 192.0.2.{1..9} 192.0.2.300 "$STRANGER4"
	within 1 has_problem refused
	sees stranger refused "$HOST4:6443"
	# As the error of the file, and as a problem at the next look at what is in force.
	within 2 grep "^kubemoat: refused: .*apiserver.allow:11:" "$T/daemon.err"
	[ "$(grep -c 'apiserver.allow:11:.*: error: ' "$T/daemon.err")" = 1 ]
	[ "$(grep -c 'apiserver.allow:11:' "$T/daemon.err")" = 2 ]
}

@test "files that were refused are not applied again by a restarted daemon" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	allow apiserver nonsense
	within 1 has_problem refused
	before=$(generation)
	daemon_stop
	daemon_start
	has_problem refused
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	[ "$(generation)" -ge "$before" ]
}

@test "load after a boot with wrong files: the kept ones, exit 0, degraded" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	three_mistakes
	forget_pins
	sees stranger served "$HOST4:6443"
	exits 0 km load
	[ "$(grep -c ': error: ' "$T/errors")" = 3 ]
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	exits 1 km status
	has_problem kept
	exits 1 km explain apiserver "$STRANGER4"
}

# What a boot does: everything attached is gone, the files on disk stay.
forget_pins() {
	rm -rf "${BPFFS:?}/${NAME:?}"
	within 5 sees stranger served "$HOST4:6443"
}

@test "load with wrong files and nothing kept: exit 1, nothing attached" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 nonsense
	exits 1 km load
	sees stranger served "$HOST4:6443"
	exits 1 km status
}

@test "run with wrong files and nothing kept stays, and enforces once they are valid" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 nonsense
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	DAEMON=$SPAWNED
	within 5 grep -q 'apiserver.allow:1:1: error' "$T/daemon.err"
	allow apiserver "$CLIENT4"
	within 2 sees stranger refused "$HOST4:6443"
	run ! gone "$DAEMON"
}

@test "a missing list, and one that is no regular file, is an error at its place" {
	guard_one apiserver 6443 "$CLIENT4"
	rm "$CONF/apiserver.allow"
	exits 1 km check
	told "error: " apiserver.allow
	for make in mkdir mkfifo 'ln -s apiserver.allow'; do
		rm -rf "$CONF/apiserver.allow"
		(cd "$CONF" && eval "$make apiserver.allow")
		exits 1 timeout 20 "$KM" -n "$NAME" -c "$CONF" check
		told apiserver.allow
		exits 1 timeout 20 "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" load
	done
}

@test "all files gone with pins present: still the last good policy, also after a restart" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	rm "$CONF"/*
	daemon_stop
	daemon_start
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	exits 1 km status
	# Where no file is left `check` finds no fault.
	[[ $(< "$T/output") != *"kubemoat check"* ]]
}

@test "no file at all and nothing kept: the built-in services in audit, nothing refused" {
	server_start echo "$HOST4:6443" "$HOST4:2379"
	exits 0 km load
	sees stranger served "$HOST4:6443"
	expect_count apiserver audit denied_source 1
	[ "$(km stats -o json | jq -r '[.services[].name] | sort | join(" ")')" = 'apiserver controllers etcd kubelet' ]
	[ "$(km status -o json | jq -r .mode)" = audit ]
}
