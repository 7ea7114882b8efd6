# SPDX-License-Identifier: BSD-2-Clause
# HTTP clients that are slow, many, half-open or malformed: the guard goes on, and its memory stays as it was.

load lib/guard
load lib/http

# What the daemon may take for its clients: 16 connections, for each 8 KiB of request, its answer and what libevent needs.
PLACES=16
SECONDS_EACH=5
GROWTH=1024 # kB

setup() {
	guard_setup
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	within 5 status_is 200 /healthz
	for i in 1 2 3; do page /metrics > "$T/warm"; done
	# The peak of what is resident starts anew.
	echo 5 > "/proc/$DAEMON/clear_refs"
	PEAK=$(peak)
}
teardown() { guard_teardown; }

# Connections that the daemon has, whatever their state.
connections() {
	on host ss -tnpH 'sport = :9475' | grep -c "pid=$DAEMON," || true
}

connections_are() {
	[ "$(connections)" = "$1" ]
}

peak() {
	awk '/^VmHWM:/ { print $2 }' "/proc/$DAEMON/status"
}

answers_soon() {
	[ "$(status_of /readyz --max-time 2)" = 200 ]
}

# A crowd for so many seconds at most, and meanwhile: the pages are there at once, a change of the files is in force
# within a second, a denial is told within a second, and connections are no more than allowed. Its numbers are in
# $T/crowd.out.
# endures COUNT SECONDS TEXT [OPTION]...
endures() {
	local crowd
	spawn_on host crowd "$TOOLS/crowd" "${@:4}" "$1" "$2" "$3" 127.0.0.1:9475
	crowd=$SPAWNED
	for i in 1 2 3; do
		within 1 answers_soon
		allow apiserver "$CLIENT4" "192.0.2.$i"
		within 1 km explain apiserver "192.0.2.$i"
		on stranger "$TOOLS/client" "$HOST4:6443" > "$T/stranger" || true
		within 1 denials_told "$i"
		# One more for the moment in which the oldest gives way to it.
		[ "$(connections)" -le $((PLACES + 1)) ]
	done
	wait "$crowd"
	cat "$T/crowd.out"
	within $((SECONDS_EACH + 1)) connections_are 0
	[ "$(peak)" -le $((PEAK + GROWTH)) ] || fail "peak $(peak) kB, was $PEAK kB"
	[ "$(status_of /readyz)" = 200 ]
}

denials_told() {
	[ "$(jq -r .source "$T/daemon.out" | grep -c "$STRANGER4")" -ge "$1" ]
}

# numbers FILTER: jq's verdict on what the crowd saw
numbers() {
	jq -e "$1" "$T/crowd.out" || fail "not $1: $(< "$T/crowd.out")"
}

# Where the queue of the listening socket is full the kernel drops the end of a handshake, and tries again after 1, 3, 7
# seconds: a client calls itself connected long before the daemon hears of it. So when the last ones are closed says
# nothing of the daemon. With a SYN cookie the kernel would not even try again: such a client, if it says nothing, is
# connected to nobody for ever.
@test "clients that connect and say nothing" {
	on host sysctl -qw net.ipv4.tcp_syncookies=0
	endures 300 30 ''
	numbers '.closed == 300'
}

@test "a few that say nothing are closed after five seconds, not before" {
	spawn_on host crowd "$TOOLS/crowd" 3 30 '' 127.0.0.1:9475
	wait "$SPAWNED"
	numbers ".closed == 3 and .longest_ms >= $((SECONDS_EACH * 1000 - 100)) and .longest_ms < $((SECONDS_EACH * 2000))"
}

@test "clients that send a byte now and then" {
	endures 100 30 "GET /metrics HTTP/1.1\\r\\nA: $(head -c 4000 /dev/zero | tr '\0' a)" --slow
	numbers ".closed == 100 and .longest_ms < $((SECONDS_EACH * 2000))"
}

@test "clients whose header never ends" {
	endures 50 4 'GET /metrics HTTP/1.1\r\nA: ' --endless --again
	numbers '.closed > 50'
}

@test "clients that send a body without end" {
	endures 50 4 'POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n' --endless --again
	numbers '.closed >= 50 and .bytes > 1000000'
}

@test "clients that do not read what they asked for" {
	endures 100 30 'GET /metrics HTTP/1.1\r\n\r\n' --deaf
	numbers ".closed == 100 and .longest_ms < $((SECONDS_EACH * 2000))"
}

@test "clients that ask as fast as they can" {
	endures 64 4 'GET /metrics HTTP/1.1\r\n\r\n' --again
	numbers '.closed > 64'
}

@test "clients that send what is no HTTP" {
	endures 64 4 'no HTTP\r\n\r\n' --again
	numbers '.closed > 64'
}

@test "a daemon without a descriptor left serves again once it has some" {
	held=$(find "/proc/$DAEMON/fd" -mindepth 1 | wc -l)
	prlimit --nofile=$((held + 2)): --pid "$DAEMON"
	spawn_on host crowd "$TOOLS/crowd" 30 3 '' 127.0.0.1:9475
	before=$(ticks)
	wait "$SPAWNED"
	# It waits for the next look rather than asking again and again.
	[ $(($(ticks) - before)) -lt 100 ]
	prlimit --nofile=1024: --pid "$DAEMON"
	within 3 status_is 200 /healthz
}

# 10 ms of processor time each
ticks() {
	awk '{ print $14 + $15 }' "/proc/$DAEMON/stat"
}
