# SPDX-License-Identifier: BSD-2-Clause
# Another version takes an instance over: the same layout of pins, and one that differs in nearly every map, both ways.

load lib/guard
load lib/layout

setup_file() { other_build; }
setup() { guard_setup; }
teardown() { guard_teardown; }

# Once each way, with both kinds of clients, so that every count is known.
visit() {
	sees client served "$HOST4:6443"
	sees client served "[$HOST6]:6443"
	sees stranger refused "$HOST4:6443"
}

setup_guard() {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	visit
}

@test "another layout takes over and gives back: verdicts and counts go on" {
	setup_guard
	exits 0 other load
	visit
	[ "$(other stats -o json | jq '[.services[].counters[] | select(.reason == "allowed" or .reason == "denied_source") | .count] | add')" = 6 ]
	exits 0 other status
	exits 0 km load
	visit
	expect_count apiserver allow allowed 6
	expect_count apiserver deny denied_source 3
	exits 0 km status
	[ "$(km status -o json | jq .generation)" = 1 ]
}

@test "another layout takes over from maps that are larger than the list needs" {
	local others=(10.64.0.0/13 10.72.0.0/14 10.76.0.0/16 10.78.0.0/15 10.80.0.0/12 10.96.0.0/11)
	server_start echo '[::]:6443'
	config <<< 'version: 1
mode: enforce
services:
  apiserver: {ports: [6443]}'
	awk 'BEGIN { for (i = 0; i < 4000; i++) printf "11.%d.%d.%d\n", i / 32768, i / 128 % 256, i % 128 * 2 }' \
		> "$CONF/apiserver.allow"
	km load
	allow apiserver "$CLIENT4" "$CLIENT6" "${others[@]}"
	km reload
	visit
	exits 0 other load
	visit
	exits 0 km load
	visit
}

@test "readers of another layout say which; unload takes it away" {
	setup_guard
	for verb in status stats drops reload; do
		exits 3 other $verb
		[ "$(wc -l < "$T/errors")" = 1 ]
		told layout
	done
	exits 0 other unload
	sees stranger served "$HOST4:6443"
	[ ! -e "$BPFFS/$NAME" ]
}

@test "under a stream of connects an upgrade and a downgrade let nobody in and lose no count" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	streams 6
	for _ in 1 2 3; do
		other load
		km load
	done
	streams_are_counted
}

@test "no other layout while a policy is on trial: refused, nothing changed" {
	setup_guard
	allow apiserver "$STRANGER4"
	km reload --confirm 60s
	exits 3 other load
	told trial
	sees stranger served "$HOST4:6443"
	exits 0 km reload --accept
	exits 0 other load
}

@test "the same layout: programs are replaced in place, adopted" {
	setup_guard
	exits 0 km load
	[ "$(km status -o json | jq .adopted)" = true ]
	expect_count apiserver allow allowed 2
}
