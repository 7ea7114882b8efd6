# SPDX-License-Identifier: BSD-2-Clause
# Everything that changes, at once, under a stream of connects: no wrong verdict, and counters equal to what clients saw.
# `make soak` runs the full numbers (KM_SOAK=full), `make test` a short form of the same.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

if [ "${KM_SOAK:-}" = full ]; then
	SECONDS_OF_STREAM=600 KILLS=100 PROGRAMS=10000 POLICIES=10000
else
	SECONDS_OF_STREAM=20 KILLS=5 PROGRAMS=500 POLICIES=200
fi

all_of() {
	jq -s "map(.$1) | add" "$T/stream-$2"*.out
}

# The daemon, killed and started again.
kill_daemons() {
	local i
	for ((i = 0; i < KILLS; i++)); do
		daemon_start
		daemon_stop KILL
	done
	daemon_start
}

@test "kills of the daemon, updates of the programs and swaps of the policy under a stream of connects" {
	# A SYN that the server's queue has no room for is repeated, and looked up again: not what is counted here.
	on host sysctl -qw net.core.somaxconn=65535 net.ipv4.tcp_max_syn_backlog=65535
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	for list in a b; do
		cp -r "$CONF" "$T/$list"
		echo "192.0.2.$((RANDOM % 256))" >> "$T/$list/apiserver.allow"
	done
	seq -f '198.18.%g.0/24' 0 200 >> "$T/b/apiserver.allow"
	stream in4 client "$SECONDS_OF_STREAM" "$HOST4:6443"
	stream in6 client "$SECONDS_OF_STREAM" "[$HOST6]:6443"
	stream out4 stranger "$SECONDS_OF_STREAM" "$HOST4:6443"
	stream out6 stranger "$SECONDS_OF_STREAM" "[$HOST6]:6443"
	"$TOOLS/swap" policies "$POLICIES" "$NAME" "/run/netns/$KM_NETNS-host" "$T/a" "$T/b" &
	policies=$!
	"$TOOLS/swap" programs "$PROGRAMS" "$NAME" &
	programs=$!
	kill_daemons
	wait "$programs"
	wait "$policies"
	streamed in4 served
	streamed in6 served
	streamed out4 refused
	streamed out6 refused
	expect_count apiserver allow allowed "$(all_of served in)"
	expect_count apiserver deny denied_source "$(all_of refused out)"
	expect_count apiserver deny error 0
	echo "# $(all_of served in) served and $(all_of refused out) refused, $POLICIES policies, $PROGRAMS programs, $KILLS kills" >&3
}
