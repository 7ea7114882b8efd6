# SPDX-License-Identifier: BSD-2-Clause
# Two instances on one host: refused where they would guard the same port, beside each other otherwise.

load lib/guard

setup() {
	guard_setup
	guard_one apiserver 6443 "$CLIENT4"
	server_start echo '[::]:6443' '[::]:2379'
	SECOND=$NAME-b
	mkdir "$T/second"
}
teardown() {
	second unload
	rm -rf "/var/lib/kubemoat/$SECOND"
	guard_teardown
}

# The second instance: another name, other files; --netns as given, else the same host's. second ARGUMENT...
second() {
	[ -z "$KM_WITHOUT_GUARD" ] || return 0
	"$KM" -n "$SECOND" -c "$T/second" --netns "${SECOND_NETNS:-/run/netns/$KM_NETNS-host}" "$@"
}

second_daemon_is() {
	[ "$(second status -o json | jq .daemon.pid)" = "$1" ]
}

# second_guards SERVICE PORT RULE...
second_guards() {
	CONF=$T/second guard_one "$@"
}

@test "a second instance on the same port of the same namespace is refused, and names the first" {
	km load
	second_guards other 6443 "$STRANGER4"
	refuses 3 "$NAME 6443" second load
	[ ! -e "$BPFFS/$SECOND/lookup" ]
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	healthy
}

@test "a reload that would take another instance's port is refused" {
	km load
	second_guards etcd 2379 "$CLIENT4"
	second load
	second_guards etcd "2379, 6443" "$STRANGER4"
	refuses 3 "$NAME 6443" second reload
	sees stranger refused "$HOST4:2379"
	sees client served "$HOST4:2379"
	sees stranger refused "$HOST4:6443"
}

# bats test_tags=guard
@test "a second instance on other ports runs beside the first, neither is foreign to the other" {
	km load
	second_guards etcd 2379 "$STRANGER4"
	second load
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	sees stranger served "$HOST4:2379"
	sees client refused "$HOST4:2379"
	healthy
	exits 0 second status
	expect_count apiserver deny denied_source 1
	[ "$(second stats -o json | jq '[.services[].counters[] | select(.verdict == "deny") | .count] | add')" = 1 ]
	second unload
	sees client served "$HOST4:2379"
	sees stranger refused "$HOST4:6443"
}

# bats test_tags=guard
@test "the same port in another network namespace is another host's" {
	server_start_on client far '[::]:6443'
	km load
	second_guards apiserver 6443 "$HOST4"
	SECOND_NETNS=/run/netns/$KM_NETNS-client second load
	sees stranger refused "$HOST4:6443"
	sees host served "$CLIENT4:6443"
	on host sysctl -qw net.ipv4.ip_forward=1
	sees stranger refused "$CLIENT4:6443"
	sees client served "$CLIENT4:6443"
	healthy
}

@test "two daemons of two instances each watch their own files" {
	daemon_start
	second_guards etcd 2379 "$CLIENT4"
	spawn daemon2 "$KM" -n "$SECOND" -c "$T/second" --netns "/run/netns/$KM_NETNS-host" run
	within 5 second_daemon_is "$SPAWNED"
	allow apiserver "$STRANGER4"
	within 1 sees stranger served "$HOST4:6443"
	sees stranger refused "$HOST4:2379"
	echo "$STRANGER4" >> "$T/second/etcd.allow"
	within 1 sees stranger served "$HOST4:2379"
}

@test "an instance that is attached nowhere any more keeps nobody out" {
	km load
	second_guards other 6443 "$STRANGER4"
	refuses 3 "$NAME 6443" second load
	bpftool link detach pinned "$BPFFS/$NAME/lookup"
	bpftool link detach pinned "$BPFFS/$NAME/packet"
	exits 0 second load
	sees stranger served "$HOST4:6443"
	sees client refused "$HOST4:6443"
}
