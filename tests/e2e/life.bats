# SPDX-License-Identifier: BSD-2-Clause
# From load to unload: what stays in force while daemons come and go, and what mends what others take away.

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

@test "unload ends a daemon whose files change all the time" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	# shellcheck disable=SC2016 # for the inner shell
	spawn writer bash -c 'while :; do
			for n in 1 2; do echo "$1"; echo "192.0.2.$n"; done > "$2.new"; mv "$2.new" "$2"
			echo "$1" > "$2.new"; mv "$2.new" "$2"
		done' - "$CLIENT4" "$CONF/apiserver.allow"
	for _ in 1 2 3 4 5 6; do
		km unload
		within 2 gone "$DAEMON"
		daemon_start
	done
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
	streams 4
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
	streams 5
	for i in {1..100}; do
		allow apiserver "$CLIENT4" "192.0.2.$i"
		km reload
	done
	streams_are_counted
}

@test "a loader that is killed at any moment leaves the last policy or the next one: no verdict is wrong" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4" 192.0.2.0
	km load
	streams 6
	for ms in {1..40}; do
		allow apiserver "$CLIENT4" "192.0.2.$ms"
		# On every other round the size of the image changes, which loads the programs anew.
		((ms % 2)) || seq -f '198.18.%g.0/24' 0 255 >> "$CONF/apiserver.allow"
		killed_after "$ms" load
		killed_after "$ms" reload
	done
	streamed client served
	streamed stranger refused
	km load
	healthy
	[ -z "$(find "$BPFFS/$NAME" -name '*-new')" ]
	expect_count apiserver deny denied_source "$(jq .total "$T/stream-stranger.out")"
}

# killed_after MILLISECONDS VERB
killed_after() {
	timeout -s KILL "0.$(printf %03d "$1")" "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" "$2" \
		> "$T/killed" 2>&1 || true
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

@test "a second daemon is refused with the pid of the first" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	refuses 3 "$DAEMON" km run
	daemon_is "$DAEMON"
}

@test "an off file: load attaches nothing and says so; run stays, unready" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	mkdir -p "/var/lib/kubemoat/$NAME"
	touch "/var/lib/kubemoat/$NAME/off"
	exits 0 km load
	told off
	sees stranger served "$HOST4:6443"
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	DAEMON=$SPAWNED
	within 5 grep -q off "$T/daemon.err"
	exits 1 km status
	has_problem off
	run ! gone "$DAEMON"
	sees stranger served "$HOST4:6443"
}

@test "a daemon that waits under an off file is the instance's: no second one beside it, and unload ends it" {
	guard_one apiserver 6443 "$CLIENT4"
	mkdir -p "/var/lib/kubemoat/$NAME"
	touch "/var/lib/kubemoat/$NAME/off"
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	DAEMON=$SPAWNED
	within 5 grep -q off "$T/daemon.err"
	refuses 3 "$DAEMON" km run
	exits 0 km unload
	within 2 gone "$DAEMON"
	[ ! -e "$BPFFS/$NAME" ]
}

@test "a daemon that waits guards as soon as the off file is gone" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	mkdir -p "/var/lib/kubemoat/$NAME"
	touch "/var/lib/kubemoat/$NAME/off"
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	DAEMON=$SPAWNED
	within 5 grep -q off "$T/daemon.err"
	rm "/var/lib/kubemoat/$NAME/off"
	within 5 generation_is 1
	sees stranger refused "$HOST4:6443"
	daemon_is "$DAEMON"
}

@test "an off file does not take away what is attached" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	touch "/var/lib/kubemoat/$NAME/off"
	exits 0 km load
	sees stranger refused "$HOST4:6443"
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	within 5 grep -q off "$T/daemon.err"
	allow apiserver "$CLIENT4" "$STRANGER4"
	exits 0 km reload
	generation_is 2
	sees stranger served "$HOST4:6443"
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
		before=$(noticed detached)
		detach $link
		within 2 noticed_is $((before + 1)) detached
		within 2 healthy
		sees stranger refused "$HOST4:6443"
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
	holds stranger --payload stays "$HOST4:6443"
	allow apiserver "$STRANGER4"
	km reload
	says served
	sees client refused "$HOST4:6443"
	allow apiserver "$CLIENT4"
	km reload
	: > "$T/echo.log"
	echo >&"$HOLD"
	within 5 lines_beyond 2 "$T/hold.out"
	never_arrived stays
	expect_count apiserver deny revoked 1
	sees client served "$HOST4:6443"
}

# bats test_tags=guard
@test "a connection that is older than the guard is judged by it" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	holds stranger --payload older "$HOST4:6443"
	: > "$T/echo.log"
	km load
	echo >&"$HOLD"
	within 5 lines_beyond 1 "$T/hold.out"
	never_arrived older
	expect_count apiserver deny revoked 1
	expect_count apiserver allow allowed 0
}

@test "a permission with until ends at its moment" {
	server_start echo "$HOST4:6443"
	end=$((EPOCHSECONDS + 8))
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4 until $(moment $end)"
	daemon_start
	sees stranger served "$HOST4:6443"
	await_second $end
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	km explain apiserver "$STRANGER4" > "$T/explained" || true
	grep apiserver.allow:2 "$T/explained"
}

@test "a shorter prefix with until ends, the rule inside it stays" {
	server_start echo "$HOST4:6443"
	end=$((EPOCHSECONDS + 3))
	guard_one apiserver 6443 "10.77.1.0/25" "10.77.0.0/16 until $(moment $end)"
	daemon_start
	await_second $end
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}
