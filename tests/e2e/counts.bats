# SPDX-License-Identifier: BSD-2-Clause
# Each decision is counted once, and denials are told, one by one and grouped.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

# bats test_tags=guard
@test "deny: drop answers nothing, and counts each dropped packet" {
	server_start echo '[::]:6443'
	on host nft -f - <<< 'table inet t { chain c { type filter hook input priority 0; tcp dport 6443 counter; }; }'
	config <<< 'version: 1
mode: enforce
services:
  apiserver: {deny: drop}'
	allow apiserver "$CLIENT4"
	km load
	sees stranger timeout --timeout 3500 "$HOST4:6443"
	sees stranger timeout --timeout 100 "[$HOST6]:6443"
	expect_count apiserver deny denied_source \
		"$(on host nft -j list table inet t | jq '.. | .counter? // empty | .packets')"
	sees client served "$HOST4:6443"
	km drops > "$T/drops"
	[ "$(grep -c "$STRANGER4" "$T/drops")" = 1 ]
}

@test "audit lets everybody in and counts who would have been refused" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	sed -i 's/enforce/audit/' "$CONF/kubemoat.yaml"
	km load
	sees client served "$HOST4:6443"
	sees stranger served "$HOST4:6443"
	sees stranger served "[$HOST6]:6443"
	expect_count apiserver audit denied_source 2
	expect_count apiserver deny denied_source 0
	expect_count apiserver allow allowed 1
	[ "$(km drops -o json | jq -r .verdict | sort -u)" = audit ]
}

# bats test_tags=guard
@test "counters are exact: 2000 connections of each kind" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	on client "$TOOLS/client" --count 1000 --parallel 8 "$HOST4:6443"
	on client "$TOOLS/client" --count 1000 --parallel 8 "[$HOST6]:6443"
	refused=$(on stranger "$TOOLS/client" --count 1000 --parallel 8 "$HOST4:6443" || true)
	saw stranger "$refused" '{"refused":1000,"total":1000}'
	on stranger "$TOOLS/client" --count 1000 --parallel 8 "[$HOST6]:6443" || true
	expect_count apiserver allow allowed 2000
	expect_count apiserver deny denied_source 2000
}

@test "under SYN cookies each new connection counts once" {
	on host sysctl -qw net.ipv4.tcp_syncookies=2
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	on client "$TOOLS/client" --count 100 "$HOST4:6443"
	on client "$TOOLS/client" --count 100 "[$HOST6]:6443"
	on stranger "$TOOLS/client" --count 100 "$HOST4:6443" || true
	expect_count apiserver allow allowed 200
	expect_count apiserver deny denied_source 100
}

@test "where nftables asks for the socket as well, each connection and each dropped packet counts once" {
	on host nft -f - <<- 'END'
		table inet t {
			chain pre { type filter hook prerouting priority 0; socket transparent 1 counter; }
			chain in { type filter hook input priority 0; ip saddr 10.77.2.2 tcp dport 6443 counter; }
		}
	END
	server_start echo '[::]:6443'
	config <<< 'version: 1
mode: enforce
services: {apiserver: {deny: drop}}'
	allow apiserver "$CLIENT4" "$CLIENT6"
	km load
	on client "$TOOLS/client" --count 50 "$HOST4:6443"
	on client "$TOOLS/client" --count 50 "[$HOST6]:6443"
	sees stranger timeout --timeout 2500 "$HOST4:6443"
	expect_count apiserver allow allowed 100
	expect_count apiserver deny denied_source \
		"$(on host nft -j list chain inet t in | jq '.. | .counter? // empty | .packets')"
}

@test "every verdict and reason exists from the start at 0, then is exactly 1" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	km stats -o json > "$T/stats"
	[ "$(jq '[.services[].counters[].count] | add' "$T/stats")" = 0 ]
	for pair in allow:allowed allow:allowed_failsafe deny:denied_source deny:revoked deny:denied_martian deny:error \
		audit:denied_source audit:revoked audit:denied_martian; do
		jq -e --arg v "${pair%:*}" --arg r "${pair#*:}" '.services[0].counters
			| any(.verdict == $v and .reason == $r)' "$T/stats" || fail "no counter $pair"
	done
	[ "$(jq -c '.services[0] | [.name, .mode, .ports]' "$T/stats")" = '["apiserver","enforce",[6443]]' ]
	sees stranger refused "$HOST4:6443"
	expect_count apiserver deny denied_source 1
}

reported() {
	km drops -o json > "$T/event" && [ -s "$T/event" ]
}

@test "a denial is an event with all its fields within a second, without a daemon, for any number of readers" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 10.77.0.0/16 "!$STRANGER4"
	km load
	sees stranger refused --bind "$STRANGER4:4711" "$HOST4:6443"
	for _ in 1 2; do
		within 1 reported
		[ "$(jq -c '[.service, .verdict, .reason, .source, .source_port, .destination, .port, .rule]' "$T/event")" = \
			"[\"apiserver\",\"deny\",\"denied_source\",\"$STRANGER4\",4711,\"$HOST4\",6443,\"apiserver.allow:2\"]" ]
		[[ $(jq -r .time "$T/event") =~ ^20[0-9-]+T[0-9:]+\.[0-9]{6}Z$ ]]
	done
}

@test "the daemon's output tells denials as they happen" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start -o json
	sees stranger refused "$HOST4:6443"
	within 1 lines_beyond 0 "$T/daemon.out"
	[ "$(jq -r '.source, .reason' "$T/daemon.out" | xargs)" = "$STRANGER4 denied_source" ]
}

@test "an event of a source that no line decides has rule null" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused "$HOST4:6443"
	[ "$(km drops -o json | jq .rule)" = null ]
}

@test "drops --follow tells denials as they happen; the text form groups what is alike" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	spawn follow "$KM" -n "$NAME" drops --follow -o json
	on stranger "$TOOLS/client" --count 20 "$HOST4:6443" || true
	within 1 lines_beyond 19 "$T/follow.out"
	km drops > "$T/drops"
	[ "$(grep -c "$STRANGER4" "$T/drops")" = 1 ]
	grep "$STRANGER4" "$T/drops" | grep -w 20
}

@test "drops --top names the sources with most denials first" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 192.0.2.1
	km load
	on stranger "$TOOLS/client" --count 5 "$HOST4:6443" || true
	sees client refused "$HOST4:6443"
	[[ $(km drops --top 1) == *$STRANGER4* ]]
	[[ $(km drops --top 1) != *$CLIENT4* ]]
	[[ $(km drops --top 2) == *$STRANGER4*$CLIENT4* ]]
}

@test "the event limit leaves denials out of the log, but none out of the counters" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	echo 'events: {per_second: 5}' >> "$CONF/kubemoat.yaml"
	km load
	begun=$EPOCHSECONDS
	on stranger "$TOOLS/client" --count 400 "$HOST4:6443" || true
	limit=$((5 * $(nproc) * (EPOCHSECONDS - begun + 2)))
	expect_count apiserver deny denied_source 400
	reported=$(km drops -o json | wc -l)
	[ "$reported" -lt 400 ]
	[ "$reported" -le $limit ]
}
