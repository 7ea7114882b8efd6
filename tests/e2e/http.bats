# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016,SC2030,SC2031 # $ for another shell; tests are subshells: each has its own URL
# What the daemon serves by HTTP: metrics, liveness and readiness.

load lib/guard
load lib/http

setup() { guard_setup; }
teardown() { guard_teardown; }

@test "the pages: GET and HEAD, 404 for others, 405 for other methods" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	for page in /healthz /readyz; do
		[ "$(page $page)" = ok ]
		[ "$(status_of $page)" = 200 ]
	done
	[ "$(status_of /metrics)" = 200 ]
	[ "$(status_of '/metrics?debug=1')" = 200 ]
	[ "$(status_of /)" = 404 ]
	[ "$(status_of /metrics/x)" = 404 ]
	for method in POST PUT DELETE OPTIONS NONSENSE; do
		[ "$(status_of /metrics -X $method)" = 405 ]
	done
	on host curl -sI --noproxy '*' --max-time 2 "$URL/metrics" > "$T/head"
	grep -qi '^content-type: text/plain; version=0.0.4' "$T/head"
	[ "$(tr -d '\r' < "$T/head" | sed -n 's/^Content-Length: //p')" -gt 1000 ]
	[ "$(tail -c 4 "$T/head")" = "$(printf '\r\n\r\n')" ]
}

@test "bytes that are no HTTP get 400, and a header that is too large 431" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	[[ $(raw 'hello\r\n\r\n') == 'HTTP/1.1 400 '* ]]
	[[ $(raw '\x16\x03\x01\x00') == 'HTTP/1.1 400 '* ]]
	[[ $(raw 'GET /metrics HTTP/2.0\r\n\r\n') == 'HTTP/1.1 505 '* ]]
	[[ $(raw "GET /healthz HTTP/1.1\r\nA: $(head -c 8000 /dev/zero | tr '\0' a)\r\n\r\n") == 'HTTP/1.1 200 '* ]]
	[[ $(raw "GET /healthz HTTP/1.1\r\nA: $(head -c 9000 /dev/zero | tr '\0' a)\r\n\r\n") == 'HTTP/1.1 431 '* ]]
}

@test "connections end in order: the answer arrives whole, and the place is free at once" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	before=$(sockets)
	# Whoever has said all may close its side before the answer.
	answer=$(polite early $'GET /healthz HTTP/1.0\n\n' 0)
	[[ $answer == *ok ]]
	within 1 sockets_are "$before"
	answer=$(polite late $'GET /healthz HTTP/1.0\n\n' 0)
	[[ $answer == *ok ]]
	within 1 sockets_are "$before"
	# With bytes on the way that nobody asked for, closing would be a reset.
	answer=$(polite late $'POST / HTTP/1.1\n\n' 100000)
	[[ $answer == 'HTTP/1.1 405 '* ]]
	within 1 sockets_are "$before"
	head -c 4000000 /dev/zero > "$T/body"
	[ "$(status_of /metrics --data-binary "@$T/body")" = 405 ]
}

sockets() {
	find "/proc/$DAEMON/fd" -lname 'socket:*' | wc -l
}

sockets_are() {
	[ "$(sockets)" = "$1" ]
}

@test "promtool finds nothing to complain of" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	page /metrics | promtool check metrics
}

@test "every series is there from the start at 0, then exactly what stats counts" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	page /metrics > "$T/start"
	[ "$(grep -c '^kubemoat_connections_total' "$T/start")" = 10 ]
	run ! grep '^kubemoat_connections_total.* [1-9]' "$T/start"
	on stranger "$TOOLS/client" "$HOST4:6443" || true
	[ "$(metric 'kubemoat_connections_total{service="apiserver",verdict="deny",reason="denied_source"}')" = 1 ]
	on client "$TOOLS/client" --count 20 "$HOST4:6443"
	on stranger "$TOOLS/client" --count 30 "$HOST4:6443" || true
	on host "$TOOLS/client" --count 7 "127.0.0.1:6443"
	page /metrics | sed -n 's/^kubemoat_connections_total//p' | sort > "$T/metrics"
	km stats -o json | jq -r '.services[] | .name as $s | .counters[] |
		"{service=\"\($s)\",verdict=\"\(.verdict)\",reason=\"\(.reason)\"} \(.count)"' | sort > "$T/stats"
	diff "$T/stats" "$T/metrics"
	grep -q 'denied_source"} 31$' "$T/metrics"
	grep -q '"allowed"} 27$' "$T/metrics"
}

@test "a thousand sources are no further series, and no address is in them" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	own_network stranger 198.18.0.0/16
	before=$(page /metrics | grep -vc '^#')
	on stranger bash -c 'for i in {0..3}; do for j in {1..250}; do echo "198.18.$i.$j"; done; done |
		xargs -P 4 -I{} "$0" --timeout 500 --freebind --bind {} "$1"' "$TOOLS/client" "$HOST4:6443" \
		> "$T/sources" || true
	[ "$(metric 'kubemoat_connections_total{service="apiserver",verdict="deny",reason="denied_source"}')" = 1000 ]
	page /metrics > "$T/after"
	[ "$(grep -vc '^#' "$T/after")" = "$before" ]
	run ! grep -F 198.18 "$T/after"
}

@test "a real Prometheus scrapes it" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	prometheus_start
	within 10 prometheus_says 1 'up{job="kubemoat"}'
	within 5 prometheus_says 0 'kubemoat_connections_total{verdict="deny",reason="denied_source"}'
	on stranger "$TOOLS/client" "$HOST4:6443" || true
	within 5 prometheus_says 1 'kubemoat_connections_total{verdict="deny",reason="denied_source"}'
	within 5 prometheus_says 2 'count(kubemoat_hook_attached == 1)'
	within 5 prometheus_says 1 'kubemoat_build_info'
}

@test "policy, generation, time of load and refused files are told" {
	config <<< 'version: 1
mode: enforce
services:
  apiserver: {}
  etcd: {mode: audit}'
	allow apiserver 192.0.2.0/24 198.51.100.7 2001:db8::/64
	allow etcd '@any'
	begun=$EPOCHSECONDS
	daemon_start_on host
	[ "$(metric 'kubemoat_policy_rules{service="apiserver",family="v4"}')" = 2 ]
	[ "$(metric 'kubemoat_policy_rules{service="apiserver",family="v6"}')" = 1 ]
	[ "$(metric 'kubemoat_policy_rules{service="etcd",family="v6"}')" = 1 ]
	[ "$(metric kubemoat_policy_generation)" = "$(generation)" ]
	loaded=$(metric kubemoat_policy_load_timestamp_seconds)
	((loaded >= begun && loaded <= EPOCHSECONDS))
	[ "$(metric kubemoat_policy_reload_failures_total)" = 0 ]
	allow apiserver 192.0.2.300
	within 2 metric_is 1 kubemoat_policy_reload_failures_total
	allow apiserver 192.0.2.30
	within 2 metric_is 1 'kubemoat_policy_rules{service="apiserver",family="v4"}'
	[ "$(metric kubemoat_policy_generation)" = "$(generation)" ]
}

@test "denials that were not reported are told" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	echo 'events: {per_second: 0}' >> "$CONF/kubemoat.yaml"
	daemon_start_on host
	[ "$(metric kubemoat_events_suppressed_total)" = 0 ]
	on stranger "$TOOLS/client" --count 5 "$HOST4:6443" || true
	[ "$(metric kubemoat_events_suppressed_total)" = 5 ]
	[ "$(metric kubemoat_events_lost_total)" = 0 ]
}

@test "layers: [lookup] has no series of the packet hook" {
	guard_one apiserver 6443 "$CLIENT4"
	echo 'layers: [lookup]' >> "$CONF/kubemoat.yaml"
	daemon_start_on host
	[ "$(metric 'kubemoat_hook_attached{hook="sk_lookup"}')" = 1 ]
	[ -z "$(metric 'kubemoat_hook_attached{hook="cgroup_skb"}')" ]
	[ "$(page /readyz)" = ok ]
}

@test "readyz says why not, with what status reports" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	allow apiserver 192.0.2.300
	within 2 status_is 503 /readyz
	[ "$(page /readyz)" = "$(km status -o json | jq -r '.problems[] | "\(.kind): \(.message)"')" ]
	[[ $(page /readyz) == 'refused: '*apiserver.allow:1:9* ]]
	[ "$(status_of /healthz)" = 200 ]
	allow apiserver "$CLIENT4"
	within 2 status_is 200 /readyz
}

@test "off: it lives, is unready, and serves where the files say" {
	guard_one apiserver 6443 "$CLIENT4"
	echo 'metrics: {listen: "127.0.0.1:9999"}' >> "$CONF/kubemoat.yaml"
	mkdir -p "/var/lib/kubemoat/$NAME"
	touch "/var/lib/kubemoat/$NAME/off"
	daemon_spawn_on host
	URL=http://127.0.0.1:9999
	within 5 status_is 200 /healthz
	[ "$(status_of /readyz)" = 503 ]
	[[ $(page /readyz) == 'off: /var/lib/kubemoat/'* ]]
	[ "$(metric 'kubemoat_hook_attached{hook="sk_lookup"}')" = 0 ]
	page /metrics | promtool check metrics
	rm "/var/lib/kubemoat/$NAME/off"
	within 3 status_is 200 /readyz
}

@test "invalid files and nothing kept: it lives, and is unready" {
	guard_one apiserver 6443 192.0.2.300
	daemon_spawn_on host
	within 5 status_is 200 /healthz
	[[ $(page /readyz) == 'refused: '* ]]
	allow apiserver "$CLIENT4"
	within 2 status_is 200 /readyz
}

# bats test_tags=guard
@test "a port that is taken does not stop the guard: said once, warned of, tried again" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	server_start taken 127.0.0.1:9475
	server=$SPAWNED
	[ -n "$KM_WITHOUT_GUARD" ] || daemon_start_on host
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	healthy
	grep -q "does not serve metrics on 127.0.0.1:9475: server (pid $server) listens" "$T/status"
	km status -o json | jq -e '.healthy and (.warnings | any(.message | test("metrics")))'
	throughout 4 healthy
	[ "$(grep -c 'metrics: cannot listen' "$T/daemon.err")" = 1 ]
	grep 'metrics: cannot listen on 127.0.0.1:9475 (Address already in use)' "$T/daemon.err"
	kill "$server"
	within 3 status_is 200 /healthz
	healthy
	run ! grep metrics "$T/status"
}

@test "metrics.listen moves by a reload: by itself, typed, and by SIGHUP" {
	guard_one apiserver 6443 "$CLIENT4"
	cp "$CONF/kubemoat.yaml" "$T/yaml"
	daemon_start_on host
	within 2 status_is 200 /healthz
	listens_at 127.0.0.1:9000
	within 1 status_at 127.0.0.1:9000
	run ! status_at 127.0.0.1:9475
	listens_at '[::1]:9475'
	km reload
	within 1 status_at '[::1]:9475'
	run ! status_at 127.0.0.1:9000
	listens_at '0.0.0.0:9475'
	kill -HUP "$DAEMON"
	within 1 status_at "$HOST4:9475"
	status_at 127.0.0.1:9475
	run ! status_at '[::1]:9475'
	listens_at '[::]:9475'
	within 1 status_at "[$HOST6]:9475"
	status_at "$HOST4:9475"
	mv "$T/yaml" "$CONF/kubemoat.yaml"
	within 1 run ! status_at "$HOST4:9475"
	within 1 status_at 127.0.0.1:9475
	[ "$(grep -c 'metrics: listening on' "$T/daemon.err")" = 6 ]
}

@test "an invalid metrics.listen is an error at its place, and moves nothing" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	echo 'metrics: {listen: "localhost:9475"}' >> "$CONF/kubemoat.yaml"
	exits 1 km check
	told 'kubemoat.yaml:5:19: error: listen "localhost:9475"'
	within 2 status_is 503 /readyz
}

@test "it is served in the daemon's own network namespace, not in the guarded one" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on client
	[ "$(on client curl -s --noproxy '*' "$URL/readyz")" = ok ]
	run ! status_at 127.0.0.1:9475
	run ! grep metrics "$T/status"
}

@test "a restarted daemon serves at once, beside connections of the last one" {
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start_on host
	within 2 status_is 200 /healthz
	spawn_on host crowd "$TOOLS/crowd" 10 2 'GET /healthz HTTP/1.1\r\n\r\n' 127.0.0.1:9475
	daemon_stop
	daemon_start_on host
	within 1 status_is 200 /healthz
}
