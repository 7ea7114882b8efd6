# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Processes in the background, and waiting until something is so.

fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# Runs a command in the background: its output in $T/NAME.out and .err, its process in $SPAWNED. spawn NAME COMMAND...
spawn() {
	local name=$1
	shift
	"$@" > "$T/$name.out" 2> "$T/$name.err" < /dev/null 3>&- &
	SPAWNED=$!
	echo "$SPAWNED" >> "$T/pids"
}

# The same in a namespace. spawn_on NAMESPACE NAME COMMAND...
spawn_on() {
	local where=$1 name=$2
	shift 2
	spawn "$name" nsenter --net="/run/netns/$KM_NETNS-$where" -- "$@"
}

gone() {
	! kill -0 "$1" 2> /dev/null
}

stop_all() {
	local pid
	while read -r pid; do
		kill "$pid" 2> /dev/null || continue
		within 2 gone "$pid" 2> /dev/null || kill -9 "$pid"
		wait "$pid" 2> /dev/null || true
	done < "$T/pids"
}

# Asks again and again until the command succeeds; fails if it still does not when that many seconds have passed, or
# twice as many. Machines that are shared stand still for a second now and then: what a pause of 20 ms took too long does
# not count, and the last time it is asked is after the end. within SECONDS COMMAND...
within() {
	local duration end began
	printf -v duration %.0f "$1e6"
	end=$((${EPOCHREALTIME/./} + duration * 2))
	shift
	while began=${EPOCHREALTIME/./}; do
		"$@" > "$T/within" 2>&1 && return
		if ((began > end)); then
			printf 'not in time: %s\n' "$*" >&2
			cat "$T/within" >&2
			return 1
		fi
		began=${EPOCHREALTIME/./}
		sleep 0.02
		end=$((end + ${EPOCHREALTIME/./} - began - 20000))
	done
}

# Waits until that second of the clock has begun. await_second EPOCH
await_second() {
	while ((EPOCHSECONDS < $1)); do
		sleep 0.05
	done
}

# The command succeeds during all of these seconds. throughout SECONDS COMMAND...
throughout() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	while ((${EPOCHREALTIME/./} < end)); do
		"$@" || return 1
		sleep 0.1
	done
}
