# SPDX-License-Identifier: BSD-2-Clause
# From load to unload: what stays in force when files are wrong, daemons die and policies change.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

pinned() {
	[ -e "$BPFFS/$NAME" ]
}

pinned_and_healthy() {
	[ -e "$BPFFS/$NAME/$1" ] && healthy
}

# bats test_tags=guard
@test "load enforces without a daemon, reload swaps, and counts survive" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	allow apiserver "$STRANGER4"
	km reload
	sees stranger served "$HOST4:6443"
	sees client refused "$HOST4:6443"
	expect_count apiserver allow allowed 2
	expect_count apiserver deny denied_source 2
}

@test "load beside what is in force does the same as reload" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	before=$(generation)
	allow apiserver "$STRANGER4"
	km load
	[ "$(generation)" -gt "$before" ]
	sees stranger served "$HOST4:6443"
}

@test "pins are in a directory that only root enters" {
	guard_one apiserver 6443 "$CLIENT4"
	km load
	[ "$(stat -c %a:%u "$BPFFS/$NAME")" = 700:0 ]
	[ "$(stat -c %a:%u "/var/lib/kubemoat/$NAME")" = 700:0 ]
}

@test "unload takes everything away without configuration, and nothing there is no error" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused "$HOST4:6443"
	rm -r "$CONF"
	exits 0 km unload
	within 1 sees stranger served "$HOST4:6443"
	run ! pinned
	[ ! -e "/var/lib/kubemoat/$NAME" ]
	exits 0 km unload
}

@test "unload tells a daemon to go, and waits for it" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	exits 0 km unload
	within 1 gone "$DAEMON"
	run ! pinned
}

@test "unload leaves an off file where it is" {
	guard_one apiserver 6443 "$CLIENT4"
	km load
	touch "/var/lib/kubemoat/$NAME/off"
	km unload
	[ -e "/var/lib/kubemoat/$NAME/off" ]
}

@test "a daemon that was stopped by SIGTERM, or killed, leaves the guard enforcing" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	for signal in TERM KILL; do
		daemon_start
		daemon_stop $signal
		sees stranger refused "$HOST4:6443"
		sees client served "$HOST4:6443"
	done
}

@test "--detach-on-exit removes the guard when the daemon ends" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start --detach-on-exit
	sees stranger refused "$HOST4:6443"
	daemon_stop TERM
	run ! pinned
	within 1 sees stranger served "$HOST4:6443"
}

@test "SIGHUP reloads" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	before=$(generation)
	allow apiserver "$STRANGER4"
	kill -HUP "$DAEMON"
	within 1 sees stranger served "$HOST4:6443"
	within 1 newer_than "$before"
}

@test "reload with a daemon running is in force when it returns, and the daemon keeps watching" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	allow apiserver "$STRANGER4"
	km reload
	sees stranger served "$HOST4:6443"
	allow apiserver "$CLIENT4"
	within 1 sees stranger refused "$HOST4:6443"
}

@test "a restarted daemon adopts: under a stream of connects no verdict is wrong" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	stream client client 4 "$HOST4:6443"
	stream stranger stranger 4 "$HOST4:6443"
	for signal in TERM KILL TERM; do
		daemon_stop $signal
		daemon_start
	done
	[ "$(km status -o json | jq .adopted)" = true ]
	streamed client served
	streamed stranger refused
}

@test "a hundred reloads under a stream of connects: no verdict is wrong, each is counted" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4" 192.0.2.0
	km load
	stream client client 5 "$HOST4:6443"
	stream stranger stranger 5 "$HOST4:6443"
	for i in {1..100}; do
		allow apiserver "$CLIENT4" "192.0.2.$i"
		km reload
	done
	streamed client served
	streamed stranger refused
	expect_count apiserver allow allowed "$(jq .total "$T/stream-client.out")"
	expect_count apiserver deny denied_source "$(jq .total "$T/stream-stranger.out")"
}

@test "ten reloads at once wait for each other, and the last policy is whole" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	before=$(generation)
	for i in {1..10}; do
		spawn "reload$i" "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" reload
		pids[i]=$SPAWNED
	done
	for pid in "${pids[@]}"; do
		wait "$pid"
	done
	[ "$(generation)" -ge "$((before + 1))" ]
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	healthy
}

three_mistakes() {
	allow apiserver "$CLIENT4" '10.0.0.1/8' '198.51.100.20-198.51.100.10' "$STRANGER4" ' 192.0.2.300'
}

@test "a file with three mistakes: check prints three errors with line and column" {
	guard_one apiserver 6443 "$CLIENT4"
	three_mistakes
	exits 1 km check
	grep -E '(^|/)apiserver\.allow:2:[0-9]+: error: ' "$T/output" "$T/errors"
	grep -E '(^|/)apiserver\.allow:3:15: error: ' "$T/output" "$T/errors"
	grep -E '(^|/)apiserver\.allow:5:12: error: ' "$T/output" "$T/errors"
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
	[ "$(grep -c 'apiserver.allow:11:' "$T/daemon.err")" = 1 ]
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
	within 1 sees stranger served "$HOST4:6443"
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
	within 2 grep -q 'apiserver.allow:1:1: error' "$T/daemon.err"
	allow apiserver "$CLIENT4"
	within 2 sees stranger refused "$HOST4:6443"
	run ! gone "$DAEMON"
}

@test "a missing list, and one that is no regular file, is an error at its place" {
	guard_one apiserver 6443 "$CLIENT4"
	rm "$CONF/apiserver.allow"
	exits 1 km check
	[[ $output$errors == *kubemoat.yaml:4:*apiserver.allow* ]]
	for make in mkdir mkfifo 'ln -s apiserver.allow'; do
		rm -rf "$CONF/apiserver.allow"
		(cd "$CONF" && eval "$make apiserver.allow")
		exits 1 timeout 5 "$KM" -n "$NAME" -c "$CONF" check
		[[ $output$errors == *apiserver.allow* ]]
		exits 1 timeout 5 "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" load
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
}

@test "no file at all and nothing kept: the built-in services in audit, nothing refused" {
	server_start echo "$HOST4:6443" "$HOST4:2379"
	exits 0 km load
	sees stranger served "$HOST4:6443"
	expect_count apiserver audit denied_source 1
	[ "$(km stats -o json | jq -r '[.services[].name] | sort | join(" ")')" = 'apiserver controllers etcd kubelet' ]
	[ "$(km status -o json | jq -r .mode)" = audit ]
}

@test "a second daemon is refused with the pid of the first" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	refuses 3 "$DAEMON" km run
	daemon_is "$DAEMON"
}

@test "reload with nothing loaded cannot be done: exit 3" {
	guard_one apiserver 6443 "$CLIENT4"
	refuses 3 "load" km reload
}

@test "an off file: load attaches nothing and says so; run stays, unready" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	mkdir -p "/var/lib/kubemoat/$NAME"
	touch "/var/lib/kubemoat/$NAME/off"
	exits 0 km load
	[[ $output$errors == *off* ]]
	sees stranger served "$HOST4:6443"
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	DAEMON=$SPAWNED
	within 2 grep -q off "$T/daemon.err"
	exits 1 km status
	has_problem off
	run ! gone "$DAEMON"
	sees stranger served "$HOST4:6443"
}

@test "an off file does not take away what is attached" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	touch "/var/lib/kubemoat/$NAME/off"
	exits 0 km load
	sees stranger refused "$HOST4:6443"
}

detach() {
	bpftool link detach pinned "$BPFFS/$NAME/$1"
}

# bats test_tags=guard
@test "a detached link is reported within two seconds and mended by the daemon" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	sees stranger refused "$HOST4:6443"
	for link in lookup packet; do
		detach $link
		within 2 grep -q detached "$T/daemon.err"
		within 2 healthy
		sees stranger refused "$HOST4:6443"
		: > "$T/daemon.err"
	done
}

@test "without a daemon a detached link makes status degraded, and load mends it" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	for link in lookup packet; do
		detach $link
		exits 1 km status
		has_problem detached
		km load
		healthy
		sees stranger refused "$HOST4:6443"
	done
}

@test "a removed pin is reported and mended by the daemon" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	for pin in lookup packet; do
		rm "$BPFFS/$NAME/$pin"
		within 4 pinned_and_healthy $pin
		sees stranger refused "$HOST4:6443"
		sees client served "$HOST4:6443"
	done
}

# bats test_tags=guard
@test "the source of an established connection is taken off the list: no further byte arrives; others stay" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4"
	km load
	holds stranger --timeout 700 --payload stays "$HOST4:6443"
	allow apiserver "$STRANGER4"
	km reload
	says served
	sees client refused "$HOST4:6443"
	allow apiserver "$CLIENT4"
	km reload
	: > "$T/echo.log"
	echo >&"$HOLD"
	within 3 lines_beyond 2 "$T/hold.out"
	never_arrived stays
	expect_count apiserver deny revoked 1
	sees client served "$HOST4:6443"
}

@test "a permission with until ends at its moment" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4 until $(date -u -d '+3 seconds' +%FT%TZ)"
	daemon_start
	sees stranger served "$HOST4:6443"
	within 4 sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	km explain apiserver "$STRANGER4" > "$T/explained" || true
	grep apiserver.allow:2 "$T/explained"
}

@test "a shorter prefix with until ends, the rule inside it stays" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "10.77.1.0/25" "10.77.0.0/16 until $(date -u -d '+2 seconds' +%FT%TZ)"
	daemon_start
	within 3 sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

@test "check is offline: it needs neither privilege nor anything loaded" {
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT4"
	chmod -R a+rX "$T"/.. "$T" "$CONF" 2> /dev/null || true
	exits 0 setpriv --reuid 65534 --clear-groups "$KM" check "$CONF"
	[[ $output$errors == *apiserver.allow:2:*warning* ]]
}

@test "explain reads files offline, and says where its answer comes from when nothing is loaded" {
	guard_one apiserver 6443 "$CLIENT4"
	exits 0 km explain apiserver "$CLIENT4" "$CONF"
	exits 1 km explain 6443 "$STRANGER4"
	[[ $output$errors == *"not loaded"* ]]
	km load
	allow apiserver "$STRANGER4"
	exits 0 km explain apiserver "$CLIENT4"
	exits 1 km explain apiserver "$CLIENT4" "$CONF"
}

@test "usage errors exit 2 with one line that names the nearest word" {
	guard_one apiserver 6443 "$CLIENT4"
	refuses 2 "lod load" km lod
	refuses 2 "apiservr apiserver" km explain apiservr 192.0.2.1
	refuses 2 "192.0.2" km explain apiserver 192.0.2
	refuses 2 "Bad_Name" "$KM" -n Bad_Name status
	refuses 2 "--nonsense" km status --nonsense
}

@test "what this version does not have is refused by name" {
	guard_one apiserver 6443 "$CLIENT4"
	while read -ra words; do
		exits 2 "$KM" -n "$NAME" -c "$CONF" "${words[@]}"
		[ "$(wc -l < "$T/errors")" = 1 ]
		[[ $errors == *"not supported by this version"* ]]
	done <<- END
		plan
		learn etcd
		audit
		reload --confirm=60s
		reload --accept
		reload --force
	END
	echo 'limits: {max_cut: 10}' >> "$CONF/kubemoat.yaml"
	exits 1 km check
	[[ $output$errors == *"kubemoat.yaml:5:1: error: "*"not supported by this version"* ]]
}

@test "output that cannot be written is exit 3" {
	guard_one apiserver 6443 "$CLIENT4"
	km load
	while read -ra words; do
		code=0
		km "${words[@]}" > /dev/full 2> "$T/errors" || code=$?
		[ "$code" = 3 ] || fail "${words[*]}: exit $code"
		[ "$(wc -l < "$T/errors")" = 1 ]
	done <<- END
		status
		stats
		stats -o json
		drops --top 3
		explain apiserver 192.0.2.1
	END
}
