# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # the tests use what is set here, and guard.bash sets what is used; $ for another shell
# The daemon in a namespace of the test's, and what it serves there.

URL=http://127.0.0.1:9475

# The daemon, told to be in that namespace; it guards the host's as always. daemon_spawn_on NAMESPACE
daemon_spawn_on() {
	spawn_on "$1" daemon "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" -o json run
	DAEMON=$SPAWNED
}

# The same, until it says itself that it is there and it has tried to listen. daemon_start_on NAMESPACE
daemon_start_on() {
	daemon_spawn_on "$1"
	within 5 daemon_is "$DAEMON"
	within 5 grep -q 'metrics: ' "$T/daemon.err"
}

# What is at that path. page PATH [CURL OPTION]...
page() {
	on host curl -s --noproxy '*' --max-time 5 "${@:2}" "$URL$1"
}

status_of() {
	page "$1" -o "$T/page" -w '%{http_code}' "${@:2}"
}

status_is() {
	[ "$(status_of "$2")" = "$1" ]
}

# Fails unless the pages are at that address. status_at ADDRESS:PORT
status_at() {
	on host curl -sf --noproxy '*' --max-time 5 -o "$T/page" "http://$1/healthz"
}

# The configuration, with the metrics at that address. listens_at ADDRESS:PORT
listens_at() {
	sed "\$a metrics: {listen: \"$1\"}" "$T/yaml" > "$T/new"
	mv "$T/new" "$CONF/kubemoat.yaml"
}

# The value of one series, nothing if there is none. metric SERIES
metric() {
	page /metrics | awk -v s="$1" '$1 == s { print $2 }'
}

metric_is() {
	[ "$(metric "$2")" = "$1" ]
}

# What the server answers to these bytes, printf's escapes in them. raw BYTES
raw() {
	on host bash -c 'exec 3<> /dev/tcp/127.0.0.1/9475; printf "$0" >&3; cat <&3' "$1"
}

# Sends these bytes and so many more, reads the answer to its end, and ends its own side before (early) or after (late).
# polite early|late BYTES NUMBER
polite() {
	on host python3 -c '
import socket, sys
when, text, more = sys.argv[1], sys.argv[2], int(sys.argv[3])
s = socket.create_connection(("127.0.0.1", 9475), 20)
s.sendall(text.encode() + b"x" * more)
if when == "early":
    s.shutdown(socket.SHUT_WR)
while part := s.recv(65536):
    sys.stdout.write(part.decode())
if when == "late":
    s.shutdown(socket.SHUT_WR)' "$@"
}

# A Prometheus that scrapes the daemon every second.
prometheus_start() {
	cat > "$T/prometheus.yml" <<- 'END'
		global: {scrape_interval: 1s}
		scrape_configs:
		  - job_name: kubemoat
		    static_configs: [{targets: ["127.0.0.1:9475"]}]
	END
	spawn_on host prometheus prometheus --config.file "$T/prometheus.yml" --storage.tsdb.path "$T/prometheus" \
		--web.listen-address 127.0.0.1:9090 --log.level error
}

# prometheus_says VALUE QUERY
prometheus_says() {
	local value
	value=$(on host curl -sf --noproxy '*' --max-time 5 --data-urlencode "query=$2" http://127.0.0.1:9090/api/v1/query |
		jq -r '.data.result[0].value[1]')
	[ "$value" = "$1" ] || fail "$2 is $value, not $1"
}
