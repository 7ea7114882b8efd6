# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What clients saw. A failure here begins with "saw:": that is how scripts/prove knows that a test without the guard
# failed at traffic and not at something else.

saw() {
	[ -n "$2" ] || fail "no client ran: $1"
	[ "$2" = "$3" ] || fail "saw: $2 instead of $3: $1"
}

# Fails unless a client there sees that: served, refused, timeout, reset, closed. Whatever comes may take its time.
# sees WHERE WHAT [OPTION]... ADDRESS:PORT
sees() {
	local where=$1 expected=$2 outcome patience=5000
	shift 2
	[ "$expected" != timeout ] || patience=1000
	outcome=$(on "$where" "$TOOLS/client" --timeout "$patience" "$@") || true
	saw "$where $*" "${outcome%% *}" "$expected"
}

# The same for the client made by hand: it may use any source address. sees_raw WHERE WHAT [OPTION]... SOURCE DESTINATION
sees_raw() {
	local where=$1 expected=$2 outcome
	shift 2
	outcome=$(on "$where" "$TOOLS/rawsend" --dev eth0 --mac "$(mac host "$where")" "$@") || true
	saw "$where by hand $*" "${outcome%% *}" "$expected"
}

# Makes the host send its answers for an address that nobody has to that peer. answers_go_to PEER ADDRESS...
answers_go_to() {
	local peer=$1 address
	shift
	for address; do
		ip -n "$KM_NETNS-host" neigh replace "$address" lladdr "$(mac "$peer" eth0)" dev "$peer"
	done
}

# curl's verdict on a URL: served (any HTTP status), refused, timeout, reset. browses WHERE WHAT [OPTION]... URL
browses() {
	local where=$1 expected=$2 code=0 outcome
	shift 2
	on "$where" curl -sk --noproxy '*' --max-time 10 -o "$T/page" "$@" || code=$?
	case $code in
	0) outcome=served ;;
	7) outcome=refused ;;
	28) outcome=timeout ;;
	35 | 52 | 56) outcome=reset ;;
	*) outcome="curl error $code" ;;
	esac
	saw "$where $*" "$outcome" "$expected"
}

# A connection that stays: opened here, used by `says`. holds WHERE [OPTION]... ADDRESS:PORT
holds() {
	local where=$1
	shift
	mkfifo "$T/hold.in"
	nsenter --net="/run/netns/$KM_NETNS-$where" -- "$TOOLS/client" --hold "$@" \
		< "$T/hold.in" > "$T/hold.out" 2> "$T/hold.err" 3>&- &
	echo $! >> "$T/pids"
	exec {HOLD}> "$T/hold.in"
	within 5 test -s "$T/hold.out"
	saw "$where $*" "$(head -1 "$T/hold.out" | cut -d ' ' -f 1)" served
}

# Sends on the connection that stays, and fails unless it sees that. says WHAT
says() {
	local before
	before=$(wc -l < "$T/hold.out")
	echo >&"$HOLD"
	within 5 lines_beyond "$before" "$T/hold.out"
	saw "connection that stays" "$(tail -1 "$T/hold.out" | cut -d ' ' -f 1)" "$1"
}

lines_beyond() {
	[ "$(wc -l < "$2")" -gt "$1" ]
}

# Connections in the background for that long. One that a packet was lost of is "late". stream NAME WHERE SECONDS ADDRESS:PORT
stream() {
	spawn_on "$2" "stream-$1" "$TOOLS/client" --timeout 5000 --stream "$3" --parallel 2 "${@:4}"
	printf -v "STREAM_$1" %s "$SPAWNED"
}

# streamed NAME OUTCOME: waits for the end of that stream; fails if it saw anything else, or nothing.
streamed() {
	local pid="STREAM_$1" other
	wait "${!pid}" || true
	other=$(jq -r --arg o "$2" 'if .total > 0 then del(.total, .[$o]) | keys | join(" ") else "nothing" end' "$T/stream-$1.out")
	[ -z "$other" ] || fail "saw: $(< "$T/stream-$1.out") instead of $2 alone: stream $1"
}
