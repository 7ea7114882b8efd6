# SPDX-License-Identifier: BSD-2-Clause
# The programs look only at ports that some image of theirs may guard: a policy that guards another takes other programs.

load lib/guard

setup() {
	guard_setup
	server_start one '[::]:6443'
	server_start other '[::]:6444'
}
teardown() { guard_teardown; }

guard_ports() {
	guard_one apiserver "$1" "$CLIENT4"
}

program() {
	bpftool -j prog show pinned "$BPFFS/$NAME/$1" | jq .id
}

programs() {
	program lookup_prog
	program packet_prog
}

@test "a reload that guards one port more changes the programs; one that guards no other leaves them" {
	guard_ports 6443
	km load
	sees stranger served "$HOST4:6444"
	before=$(programs)
	guard_ports '6443, 6444'
	km reload
	sees stranger refused "$HOST4:6444"
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6444"
	after=$(programs)
	[ "$(sort -u <<< "$before"$'\n'"$after" | wc -l)" = 4 ]
	guard_ports 6444
	km reload
	sees stranger served "$HOST4:6443"
	sees stranger refused "$HOST4:6444"
	guard_ports '6443, 6444'
	km reload
	sees stranger refused "$HOST4:6443"
	[ "$(programs)" = "$after" ]
	expect_count apiserver allow allowed 1
	expect_count apiserver deny denied_source 4
	healthy
}

@test "a port more under a stream of connects to another: no verdict is wrong, each is counted" {
	guard_ports 6443
	km load
	streams 3
	for port in {6444..6453}; do
		guard_ports "6443, $port"
		km reload
	done
	streams_are_counted
	sees stranger served "$HOST4:6444"
}

@test "a port more by the files that a daemon watches, and by a daemon's next start" {
	guard_ports 6443
	daemon_start
	guard_ports '6443, 6444'
	within 2 sees stranger refused "$HOST4:6444"
	sees stranger refused "$HOST4:6443"
	daemon_stop KILL
	guard_ports 6444
	daemon_start
	sees stranger refused "$HOST4:6444"
	sees stranger served "$HOST4:6443"
}

# bats test_tags=guard
@test "the packet layer looks at a port more too: deny: drop, and connections that are older than the rule" {
	guard_ports 6443
	km load
	holds stranger "$HOST4:6444"
	before=$(program packet_prog)
	config <<- END
		version: 1
		mode: enforce
		services: {apiserver: {deny: drop, ports: [6443, 6444]}}
	END
	km reload
	[ "$(program packet_prog)" != "$before" ]
	sees stranger timeout --timeout 300 "$HOST4:6444"
	echo >&"$HOLD"
	within 5 lines_beyond 1 "$T/hold.out"
	expect_count apiserver deny revoked 1
}

@test "a trial that guards another port goes back by itself to the one before" {
	guard_ports 6443
	km load
	guard_ports 6444
	km reload --confirm 3s
	sees stranger served "$HOST4:6443"
	sees stranger refused "$HOST4:6444"
	within 5 sees stranger refused "$HOST4:6443"
	sees stranger served "$HOST4:6444"
}

@test "a port with the same lower bits as a guarded one is not guarded" {
	server_start alike "[::]:$((6443 + 4096))"
	guard_ports 6443
	km load
	sees stranger served "$HOST4:$((6443 + 4096))"
	sees stranger refused "$HOST4:6443"
}

# bats test_tags=guard
@test "a daemon puts back no programs that look at fewer ports than the policy guards" {
	config <<< 'version: 1
mode: enforce
layers: [lookup]
services: {apiserver: {ports: [6443]}}'
	allow apiserver "$CLIENT4"
	daemon_start
	kill -STOP "$DAEMON"
	config <<< 'version: 1
mode: enforce
layers: [lookup]
services: {apiserver: {ports: [6443, 6444]}}'
	km reload
	sees stranger refused "$HOST4:6444"
	rm "$BPFFS/$NAME/lookup_prog" "$BPFFS/$NAME/packet_prog"
	kill -CONT "$DAEMON"
	within 4 healthy
	sees stranger refused "$HOST4:6444"
	sees stranger refused "$HOST4:6443"
}
