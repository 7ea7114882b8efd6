# SPDX-License-Identifier: BSD-2-Clause
# @self: what the host says to itself is allowed without being listed, and nobody else passes for it.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

on_host() {
	ip -n "$KM_NETNS-host" "$@"
}

# bats test_tags=guard
@test "load with only lo up, addresses added later, no daemon: the host reaches itself by each of them" {
	on_host link set client down
	on_host link set stranger down
	on_host addr flush dev client
	on_host addr flush dev stranger
	server_start echo '[::]:6443'
	guard_one apiserver 6443 192.0.2.200
	km load
	on_host addr add 10.77.1.1/24 dev client
	on_host addr add fd77:1::1/64 dev client nodad
	on_host link set client up
	on_host addr add 10.77.2.1/24 dev stranger
	on_host addr add fd77:2::1/64 dev stranger nodad
	on_host link set stranger up
	on_host addr add 192.0.2.10/32 dev client
	on_host addr add 192.0.2.11/32 dev lo
	on_host addr add 2001:db8::10/128 dev lo nodad
	for address in 127.0.0.1 127.0.0.2 0.0.0.0 '[::1]' '[::]' '[::ffff:127.0.0.1]' 10.77.1.1 10.77.2.1 '[fd77:1::1]' \
		'[fd77:2::1]' 192.0.2.10 192.0.2.11 '[2001:db8::10]' "[$(link_local host client)%client]"; do
		sees host served "$address:6443"
	done
	sees host served --dev lo 127.0.0.1:6443
	sees host served --dev client 10.77.1.1:6443
	sees host served --dev client '[fd77:1::1]:6443'
	sees host served --dev lo 192.0.2.11:6443
	sees client refused "$HOST4:6443"
	sees client refused "[$HOST6]:6443"
	expect_count apiserver allow allowed 18
}

@test "real servers reach themselves before and after load: etcd's health, HTTPS by every name" {
	etcd_start https
	https_start
	config <<< 'version: 1
mode: enforce
services: {etcd: {}, apiserver: {}}'
	allow etcd 192.0.2.1
	allow apiserver 192.0.2.1
	km load
	for address in 127.0.0.1 '[::1]' "$HOST4" "[$HOST6]"; do
		etcdctl_on host --endpoints "https://$address:2379" endpoint health
		browses host served "https://$address:6443/"
	done
}

@test "an exception over the host's own network does not take the host away" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 '!10.0.0.0/8' '!127.0.0.0/8' '!::/0' 10.77.1.0/24
	km load
	sees host served 127.0.0.1:6443
	sees host served "[::1]:6443"
	sees host served "$HOST4:6443"
	sees host served "10.77.2.1:6443"
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
}

# bats test_tags=guard
@test "!@self takes the host away" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" '!@self'
	km load
	sees host refused 127.0.0.1:6443
	sees host refused '[::1]:6443'
	sees host refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

@test "bound to another own address: known since the last load" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 192.0.2.200
	km load
	sees host served --bind 10.77.2.1 "$HOST4:6443"
	sees host served --bind '[fd77:2::1]' "[$HOST6]:6443"
	on_host addr add 192.0.2.10/32 dev client
	km reload
	sees host served --bind 192.0.2.10 "$HOST4:6443"
}

@test "with a daemon an address that comes later is known within seconds" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 192.0.2.200
	daemon_start
	on_host addr add 192.0.2.10/32 dev client
	within 4 sees host served --bind 192.0.2.10 "$HOST4:6443"
}

# bats test_tags=guard
@test "a VIP serves its holder, and moves: whoever has it is this host, who had it is a source like others" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	on_host addr add 192.0.2.10/32 dev client
	km load
	sees host served 192.0.2.10:6443
	on_host addr del 192.0.2.10/32 dev client
	ip -n "$KM_NETNS-stranger" addr add 192.0.2.10/32 dev eth0
	on_host route add 192.0.2.10 via "$STRANGER4"
	km reload
	sees stranger refused --bind 192.0.2.10 "$HOST4:6443"
	ip -n "$KM_NETNS-stranger" addr del 192.0.2.10/32 dev eth0
	on_host route del 192.0.2.10
	on_host addr add 192.0.2.10/32 dev client
	sees host served 192.0.2.10:6443
}

# bats test_tags=guard
@test "another node that uses its IPv6 VIP as source is refused, and explain names the near miss" {
	server_start echo '[::]:2379'
	ip -n "$KM_NETNS-stranger" addr add fd77:2::a/64 dev eth0 nodad
	guard_one etcd 2379 fd77:2::2
	km load
	sees stranger served --bind '[fd77:2::2]' "[$HOST6]:2379"
	sees stranger refused --bind '[fd77:2::a]' "[$HOST6]:2379"
	[ "$(km drops -o json | jq -r .source)" = fd77:2::a ]
	exits 1 km explain etcd fd77:2::a
	told etcd.allow:1
}

# bats test_tags=guard
@test "two thousand own addresses, as IPVS has: an unlisted source is refused at each by its own address" {
	for ((i = 0; i < 2000; i++)); do
		echo "addr add 10.96.$((i / 250)).$((i % 250 + 1))/32 dev lo"
	done | on_host -batch -
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	for address in 10.96.0.1 10.96.3.7 10.96.7.250; do
		sees stranger refused "$address:6443"
		sees client served "$address:6443"
		sees host served "$address:6443"
		sees host served --bind 10.96.5.5 "$address:6443"
	done
}

# bats test_tags=guard
@test "a ClusterIP that is translated to the host's own port: the host is served, a stranger is not" {
	on_host addr add 192.0.2.77/32 dev lo
	on host nft -f - <<- END
		table inet t {
			chain out { type nat hook output priority -100; ip daddr 10.96.0.1 tcp dport 443 dnat ip to $HOST4:6443; }
			chain pre { type nat hook prerouting priority -100; ip daddr 10.96.0.1 tcp dport 443 dnat ip to $HOST4:6443; }
		}
	END
	on_host route add 10.96.0.0/16 dev stranger
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused 10.96.0.1:443
	sees client served 10.96.0.1:443
	sees host served 10.96.0.1:443
	sees host served --bind 192.0.2.77 10.96.0.1:443
}

# A server that would take the data of a SYN: one packet of a blind spoofer is enough to be heard.
easily_heard() {
	on host sysctl -qw net.ipv4.tcp_fastopen=0x603 net.ipv4.conf.all.accept_local=1 \
		net.ipv4.conf.client.accept_local=1 net.ipv4.conf.stranger.accept_local=1 \
		net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.stranger.route_localnet=1
	server_start echo --fastopen '[::]:6443'
}

spoof() {
	on stranger "$TOOLS/rawsend" --dev eth0 --mac "$(mac host stranger)" --flags S --fastopen --payload spoofed \
		--timeout 300 "$@" || true
}

# bats test_tags=guard
@test "the wire does not pass for the host by spoofing any of its addresses" {
	easily_heard
	on_host addr add 192.0.2.10/32 dev lo
	guard_one apiserver 6443 "$CLIENT4"
	km load
	for source in 10.77.1.1 10.77.2.1 192.0.2.10 127.0.0.1 127.0.0.9; do
		spoof "$source:40000" "$HOST4:6443"
	done
	for source in fd77:1::1 fd77:2::1 ::1 "$(link_local host stranger)"; do
		spoof "[$source]:40000" "[$HOST6]:6443"
	done
	never_arrived spoofed
	sees stranger refused "$HOST4:6443"
}

# bats test_tags=guard
@test "a source that equals the destination, or a loopback destination, from the wire is denied_martian" {
	easily_heard
	guard_one apiserver 6443 0.0.0.0/0 ::/0
	km load
	spoof "$HOST4:40000" "$HOST4:6443"
	spoof "[$HOST6]:40000" "[$HOST6]:6443"
	spoof "$STRANGER4:40001" 127.0.0.1:6443
	never_arrived spoofed
	[ "$(counted apiserver deny denied_martian)" -ge 2 ]
	[ "$(km drops -o json | jq -r .reason | sort -u)" = denied_martian ]
}

# bats test_tags=guard
@test "an own v6 address as source from the wire is refused, listed or not" {
	easily_heard
	guard_one apiserver 6443 fd77:1::/64 "$CLIENT4"
	km load
	spoof '[fd77:1::1]:40000' "[fd77:2::1]:6443"
	never_arrived spoofed
	sees stranger refused "$HOST4:6443"
}

@test "a listener bound to a device serves that device's host and clients" {
	server_start echo --dev client "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees client served "$HOST4:6443"
	sees host served --dev client "$HOST4:6443"
	allow apiserver 192.0.2.1
	km reload
	sees client refused "$HOST4:6443"
}

# bats test_tags=guard
@test "ip_nonlocal_bind: a listener on an address that comes later is guarded from the start" {
	on host sysctl -qw net.ipv4.ip_nonlocal_bind=1
	server_start echo 192.0.2.10:6443
	guard_one apiserver 6443 "$CLIENT4"
	km load
	on_host addr add 192.0.2.10/32 dev lo
	sees stranger refused 192.0.2.10:6443
	sees client served 192.0.2.10:6443
	sees host served 192.0.2.10:6443
}
