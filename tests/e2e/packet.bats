# SPDX-License-Identifier: BSD-2-Clause
# Odd packets and odd sockets: no byte of an unlisted source reaches any server.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

# Sources that nobody has: .50 is listed, .60 is not.
LISTED4=10.77.1.50 LISTED6=fd77:1::50
OTHER4=10.77.1.60 OTHER6=fd77:1::60

by_hand() {
	answers_go_to client $LISTED4 $OTHER4 $LISTED6 $OTHER6
	server_start echo '[::]:6443'
	guard_one apiserver 6443 $LISTED4 $LISTED6
	km load
}

# bats test_tags=guard
@test "IPv4 options of every length change no verdict" {
	by_hand
	for words in 1 2 3 4 5 6 7 8 9 10; do
		sees_raw client served --ip-options $words "$LISTED4:$((2000 + words))" "$HOST4:6443"
		sees_raw client refused --ip-options $words --payload unlisted "$OTHER4:$((2000 + words))" "$HOST4:6443"
	done
	never_arrived unlisted
	expect_count apiserver allow allowed 10
	expect_count apiserver deny denied_source 10
}

# bats test_tags=guard
@test "IPv4 fragments of 8 bytes, reordered and overlapping, change no verdict" {
	by_hand
	sees_raw client served --fragments "$LISTED4:2000" "$HOST4:6443"
	sees_raw client served --fragments --reversed "$LISTED4:2001" "$HOST4:6443"
	sees_raw client refused --fragments --payload unlisted "$OTHER4:2000" "$HOST4:6443"
	sees_raw client refused --fragments --reversed --payload unlisted "$OTHER4:2001" "$HOST4:6443"
	on client "$TOOLS/rawsend" --dev eth0 --mac "$(mac host client)" --fragments --overlapping --timeout 300 \
		--payload unlisted "$OTHER4:2002" "$HOST4:6443" || true
	never_arrived unlisted
}

# bats test_tags=guard
@test "IPv6 extension header chains and fragments change no verdict" {
	by_hand
	port=2000
	for chain in h d f hd hdf hdfd; do
		port=$((port + 1))
		sees_raw client served --extensions $chain "[$LISTED6]:$port" "[$HOST6]:6443"
		sees_raw client refused --extensions $chain --payload unlisted "[$OTHER6]:$port" "[$HOST6]:6443"
		sees_raw client served --extensions "${chain//f/}" --fragments "[$LISTED6]:$((port + 20))" "[$HOST6]:6443"
		sees_raw client refused --extensions "${chain//f/}" --fragments --reversed --payload unlisted \
			"[$OTHER6]:$((port + 20))" "[$HOST6]:6443"
	done
	never_arrived unlisted
}

# bats test_tags=guard
@test "a kernel's client with IP options or extension headers is judged the same" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT6"
	km load
	sees client served --ip-options 10 "$HOST4:6443"
	sees client served --extension-headers "[$HOST6]:6443"
	sees stranger refused --ip-options 10 "$HOST4:6443"
	sees stranger refused --extension-headers "[$HOST6]:6443"
}

# bats test_tags=guard
@test "segments that belong to no connection are answered by reset, and reach nobody" {
	by_hand
	for flags in A PA FA SF; do
		sees_raw client rst --flags $flags --payload unlisted "$OTHER4:2100" "$HOST4:6443"
	done
	sees_raw client rst --flags S "$OTHER4:2101" "$HOST4:6443"
	sees_raw client synack --flags S "$LISTED4:2101" "$HOST4:6443"
	never_arrived unlisted
}

# bats test_tags=guard
@test "TCP Fast Open: data in the SYN of an unlisted source reaches nobody" {
	on host sysctl -qw net.ipv4.tcp_fastopen=0x603
	on client sysctl -qw net.ipv4.tcp_fastopen=0x5
	answers_go_to client $OTHER4 $OTHER6
	server_start echo --fastopen '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees_raw client rst --flags S --fastopen --payload unlisted "$OTHER4:2000" "$HOST4:6443"
	sees_raw client rst --flags S --fastopen --payload unlisted "[$OTHER6]:2000" "[$HOST6]:6443"
	sees client served --fastopen "$HOST4:6443"
	never_arrived unlisted
}

# bats test_tags=guard
@test "an IPv6 packet with a mapped source does not pass for the IPv4 source" {
	on host sysctl -qw net.ipv4.tcp_fastopen=0x603
	answers_go_to client $OTHER6
	server_start echo --fastopen '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	for source in "::ffff:$CLIENT4" "::$CLIENT4" $OTHER6; do
		on client "$TOOLS/rawsend" --dev eth0 --mac "$(mac host client)" --flags S --fastopen --payload unlisted \
			--timeout 200 "[$source]:2000" "[$HOST6]:6443" || true
	done
	never_arrived unlisted
}

# bats test_tags=guard
@test "Multipath TCP: unlisted refused, listed served" {
	server_start echo --mptcp '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused --mptcp "$HOST4:6443"
	sees client served --mptcp "$HOST4:6443"
	sees client served "$HOST4:6443"
	sees client refused --mptcp "[$HOST6]:6443"
	expect_count apiserver allow allowed 2
}

# bats test_tags=guard
@test "Multipath TCP: a further subflow from an unlisted address is refused, the connection goes on" {
	ip -n "$KM_NETNS-client" addr add 10.77.1.9/24 dev eth0
	for ns in host client; do
		ip -n "$KM_NETNS-$ns" mptcp limits set subflow 2 add_addr_accepted 2
	done
	ip -n "$KM_NETNS-client" mptcp endpoint add 10.77.1.9 dev eth0 subflow
	server_start echo --mptcp '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees client refused --bind 10.77.1.9 "$HOST4:6443"
	holds client --mptcp "$HOST4:6443"
	says served
	within 5 expect_count apiserver deny denied_source 2
	says served
	[ "$(km drops -o json | jq -r .source | sort -u)" = 10.77.1.9 ]
	expect_count apiserver allow allowed 1
}

# bats test_tags=guard
@test "a handshake that was begun and then revoked delivers no data" {
	by_hand
	allow apiserver $OTHER4
	km reload
	for cookies in 1 2; do
		on host sysctl -qw net.ipv4.tcp_syncookies=$cookies
		spawn_on client "begun$cookies" "$TOOLS/rawsend" --dev eth0 --mac "$(mac host client)" --flags S \
			"$OTHER4:$((2000 + cookies))" "$HOST4:6443"
		within 2 grep -q synack "$T/begun$cookies.out"
	done
	allow apiserver $LISTED4
	km reload
	sees_raw client refused --payload unlisted "$OTHER4:2003" "$HOST4:6443"
	for cookies in 1 2; do
		on client "$TOOLS/rawsend" --dev eth0 --mac "$(mac host client)" --flags PA --payload unlisted \
			--timeout 200 "$OTHER4:$((2000 + cookies))" "$HOST4:6443" || true
	done
	never_arrived unlisted
}

# bats test_tags=guard
@test "IP_TRANSPARENT with a local route: the guarded port is guarded at addresses that are not the host's" {
	on host ip route add local 203.0.113.0/24 dev lo
	ip -n "$KM_NETNS-client" route add 203.0.113.0/24 via "$HOST4"
	server_start echo --transparent 0.0.0.0:6443
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused 203.0.113.5:6443
	sees stranger refused 203.0.113.6:6443
	sees client served 203.0.113.5:6443
	sees host served 203.0.113.5:6443
}

# bats test_tags=guard
@test "a second listener by SO_REUSEPORT, and one without bind, are guarded" {
	server_start one --reuseport '[::]:6443'
	server_start two --reuseport '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	refused=$(on stranger "$TOOLS/client" --count 50 --payload unlisted "$HOST4:6443" || true)
	saw stranger "$refused" '{"refused":50,"total":50}'
	on client "$TOOLS/client" --count 50 "$HOST4:6443"
	never_arrived unlisted
}

# bats test_tags=guard
@test "listen() without bind takes a guarded port: guarded all the same" {
	on host sysctl -qw net.ipv4.ip_local_port_range='6000 60999'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	server_start sly --listen-only 6443 0.0.0.0:0
	[ "$(cat "$T/sly.out")" = "ready 6443" ]
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

# bats test_tags=guard
@test "the port is guarded for whoever binds it after its owner crashed" {
	server_start first '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused "$HOST4:6443"
	kill -9 "$SERVER"
	within 2 gone "$SERVER"
	server_start second '[::]:6443'
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

# bats test_tags=guard
@test "the node's own outgoing connection from a guarded port number gets its answers, nothing is counted" {
	server_start_on stranger far '[::]:9000'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees host served --bind 0.0.0.0:6443 "$STRANGER4:9000"
	sees host served --bind '[::]:6443' "[$STRANGER6]:9000"
	server_start echo '[::]:6443'
	sees stranger refused "$HOST4:6443"
	expect_count apiserver deny denied_source 1
	expect_count apiserver deny revoked 0
	expect_count apiserver allow allowed 0
}

@test "an outgoing connection from a guarded port number survives load and reload" {
	server_start_on stranger far "$STRANGER4:9000"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	holds host --bind 0.0.0.0:6443 "$STRANGER4:9000"
	says served
	km reload
	says served
	expect_count apiserver deny revoked 0
}

@test "UDP on a guarded port number is not judged" {
	guard_one apiserver 6443 192.0.2.1
	km load
	spawn_on host udp python3 -uc 'import socket
s = socket.socket(type=socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 6443))
print("ready")
print(s.recv(100))'
	within 2 grep -q ready "$T/udp.out"
	on stranger bash -c "echo datagram > /dev/udp/$HOST4/6443"
	within 2 grep -q datagram "$T/udp.out"
	expect_count apiserver deny denied_source 0
}
