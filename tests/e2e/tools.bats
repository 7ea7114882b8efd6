# SPDX-License-Identifier: BSD-2-Clause
# The tools themselves, without a guard: what the other tests rely on.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

@test "the client tells served, refused, closed, timeout and reset apart" {
	server_start echo '[::]:7001'
	server_start http --http '[::]:7002'
	sees client served "$HOST4:7001"
	sees client served "[$HOST6]:7001"
	sees client served --payload "$(printf 'GET / HTTP/1.0\r\n\r\n')" "$HOST4:7002"
	sees client refused "$HOST4:7003"
	on host nft -f - <<< 'table inet t { chain c { type filter hook input priority 0; tcp dport 7003 drop; }; }'
	sees client timeout --timeout 300 "$HOST4:7003"
	sees client EADDRNOTAVAIL --bind 192.0.2.1 "$HOST4:7001"
	holds client "$HOST4:7001"
	kill -9 "$(awk 'NR == 1' "$T/pids")"
	within 5 server_has_closed
	says closed
}

server_has_closed() {
	[ -n "$(on client ss -Htn state close-wait dport = :7001)" ]
}

@test "the client tells that one packet of many connections was lost" {
	server_start echo '[::]:7001'
	on host nft -f - <<< 'table inet t { chain c { type filter hook input priority 0;
		tcp dport 7001 tcp flags & (syn | ack) == syn limit rate 1/hour burst 1 packets drop; }; }'
	[ "$(on client "$TOOLS/client" --timeout 5000 --count 10 "$HOST4:7001")" = '{"late":1,"served":9,"total":10}' ]
}

@test "the client made by hand is served through options, extension headers and fragments" {
	server_start echo --fastopen '[::]:7001'
	on host sysctl -qw net.ipv4.tcp_fastopen=0x203
	answers_go_to client 10.77.1.50 fd77:1::50
	port=2000
	while read -ra how; do
		port=$((port + 1))
		sees_raw client served "${how[@]}" "10.77.1.50:$port" "$HOST4:7001"
	done <<- END

		--ip-options 1
		--ip-options 10
		--fragments
		--fragments --reversed
	END
	while read -ra how; do
		port=$((port + 1))
		sees_raw client served "${how[@]}" "[fd77:1::50]:$port" "[$HOST6]:7001"
	done <<- END

		--extensions h
		--extensions d
		--extensions f
		--extensions hdf
		--fragments
		--fragments --reversed
		--extensions hd --fragments
	END
	sees_raw client refused 10.77.1.50:3000 "$HOST4:7009"
	sees_raw client synack --flags S --fastopen --payload early 10.77.1.50:3001 "$HOST4:7001"
	within 5 arrived early
}

@test "a foreign program steers a port to another listener" {
	server_start echo '[::]:7001'
	for family in "$HOST4" "[$HOST6]"; do
		sees client refused "$family:7005"
	done
	spawn_on host foreign "$TOOLS/foreign" lookup 64 7005 "$SERVER" 7001
	within 5 grep -q ready "$T/foreign.out"
	sees client served "$HOST4:7005"
	kill "$SPAWNED"
	within 2 gone "$SPAWNED"
	spawn_on host tc "$TOOLS/foreign" tc client 7005 "$SERVER" 7001
	within 5 grep -q ready "$T/tc.out"
	sees client served "$HOST4:7005"
	sees client served "[$HOST6]:7005"
	sees stranger refused "$HOST4:7005"
}

@test "etcd, HTTPS and HTTP answer on both families" {
	etcd_start https
	https_start
	http_start
	for host in "$HOST4" "[$HOST6]"; do
		etcdctl_on client --endpoints "https://$host:2379" endpoint health
		browses client served "https://$host:6443/"
		browses client served "http://$host:8080/"
	done
}
