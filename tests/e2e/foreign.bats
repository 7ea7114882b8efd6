# SPDX-License-Identifier: BSD-2-Clause
# Other programs on the same host: whatever they steer, no byte of an unlisted source reaches any server.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

# A source that nobody has, and that is not listed.
OTHER4=10.77.1.60 OTHER6=fd77:1::60

# A server on another port, and a program of somebody else that steers the guarded port there.
steered_by() {
	server_start other '[::]:7443'
	OTHER_SERVER=$SERVER
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
}

foreign() {
	spawn_on host foreign "$TOOLS/foreign" "$@" 6443 "$OTHER_SERVER" 7443
	within 5 grep -q ready "$T/foreign.out"
}

no_unlisted_byte() {
	local outcome
	for address in "$HOST4" "[$HOST6]"; do
		outcome=$(on stranger "$TOOLS/client" --timeout 500 --payload unlisted "$address:6443" || true)
		[[ $outcome != served* ]] || saw "stranger through a foreign program" "$outcome" "nothing served"
		sees client served "$address:6443"
	done
	never_arrived unlisted
}

# bats test_tags=guard
@test "a foreign sk_lookup program attached before ours steers a guarded port elsewhere: no unlisted byte arrives" {
	steered_by
	foreign lookup 1
	km load
	no_unlisted_byte
}

# bats test_tags=guard
@test "a foreign sk_lookup program attached after ours steers a guarded port elsewhere: no unlisted byte arrives" {
	steered_by
	km load
	foreign lookup 1
	no_unlisted_byte
}

# bats test_tags=guard
@test "a foreign sk_lookup program and deny: drop: no unlisted byte arrives, in either order" {
	steered_by
	config <<< 'version: 1
mode: enforce
services: {apiserver: {deny: drop}}'
	km load
	foreign lookup 1
	no_unlisted_byte
	km unload
	km load
	no_unlisted_byte
}

@test "64 foreign sk_lookup programs first: ours cannot attach, and says so in one line" {
	steered_by
	foreign lookup 64
	refuses 3 sk_lookup km load
}

# bats test_tags=guard
@test "a refused connection that a foreign program lets through counts once" {
	steered_by
	km load
	foreign lookup 1
	no_unlisted_byte
	on stranger "$TOOLS/client" --timeout 300 "$HOST4:6443" || true
	[ "$(counted apiserver deny denied_source)" -ge 3 ]
	expect_count apiserver allow allowed 2
}

# bats test_tags=guard
@test "tc bpf_sk_assign around the lookup: no unlisted byte arrives" {
	steered_by
	km load
	foreign tc stranger
	for address in "$HOST4" "[$HOST6]"; do
		outcome=$(on stranger "$TOOLS/client" --timeout 500 --payload unlisted "$address:6443" || true)
		[[ $outcome != served* ]] || saw "stranger by tc" "$outcome" "nothing served"
	done
	never_arrived unlisted
}

tproxy() {
	on host nft -f - <<- END
		table inet t {
			chain pre {
				type filter hook prerouting priority mangle;
				tcp dport $1 tproxy to :$2 meta mark set 1 accept
			}
		}
	END
	for family in -4 -6; do
		ip -n "$KM_NETNS-host" $family rule add fwmark 1 lookup 100
		ip -n "$KM_NETNS-host" $family route add local default dev lo table 100
	done
}

# bats test_tags=guard
@test "TPROXY out of a guarded port to another listener: no unlisted byte arrives" {
	server_start other --transparent '[::]:7443'
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	tproxy 6443 7443
	OTHER_SERVER=$SERVER no_unlisted_byte
}

# bats test_tags=guard
@test "TPROXY out of a guarded port, with options, fragments and extension headers: no unlisted byte arrives" {
	answers_go_to client $OTHER4 $OTHER6
	server_start other --transparent '[::]:7443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	tproxy 6443 7443
	port=2000
	while read -ra how; do
		port=$((port + 1))
		by_hand_unlisted "${how[@]}" "$OTHER4:$port" "$HOST4:6443"
	done <<- END
		--ip-options 1
		--ip-options 10
		--fragments
		--fragments --reversed
	END
	while read -ra how; do
		port=$((port + 1))
		by_hand_unlisted "${how[@]}" "[$OTHER6]:$port" "[$HOST6]:6443"
	done <<- END
		--extensions h
		--extensions d
		--extensions f
		--extensions hdfd
		--fragments
		--extensions hd --fragments --reversed
	END
	never_arrived unlisted
	sees client served "$HOST4:6443"
}

by_hand_unlisted() {
	on client "$TOOLS/rawsend" --dev eth0 --mac "$(mac host client)" --payload unlisted --timeout 200 "$@" || true
}

# bats test_tags=guard
@test "TPROXY into a guarded port: no unlisted byte arrives" {
	server_start echo --transparent '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	tproxy 7443 6443
	for address in "$HOST4" "[$HOST6]"; do
		outcome=$(on stranger "$TOOLS/client" --timeout 500 --payload unlisted "$address:7443" || true)
		[[ $outcome != served* ]] || saw "stranger by TPROXY" "$outcome" "nothing served"
	done
	never_arrived unlisted
}

foreign_cgroup() {
	cgroup_make
	spawn foreign "$TOOLS/foreign" cgroup "$CGROUP" "$1"
	within 5 grep -q ready "$T/foreign.out"
}

@test "a foreign cgroup program without MULTI keeps ours out: exit 3 names it" {
	guard_one apiserver 6443 "$CLIENT4"
	for how in none override; do
		foreign_cgroup $how
		refuses 3 "$CGROUP program" km --cgroup "$CGROUP" load
		kill "$SPAWNED"
		within 2 gone "$SPAWNED"
	done
}

# bats test_tags=guard
@test "a foreign cgroup program with MULTI runs beside ours" {
	guard_one apiserver 6443 "$CLIENT4"
	foreign_cgroup multi
	server_inside echo "$HOST4:6443"
	km --cgroup "$CGROUP" load
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	healthy
}
