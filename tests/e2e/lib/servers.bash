# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# Servers for the tests: real ones (etcd, an HTTPS server), and one that remembers each byte it saw.

# An echo server in the host's namespace; its process is in $SERVER, what it saw in $T/NAME.log.
# server_start NAME [OPTION]... ADDRESS:PORT...
server_start() {
	server_start_on host "$@"
}

# server_start_on NAMESPACE NAME [OPTION]... ADDRESS:PORT...
server_start_on() {
	local where=$1 name=$2
	shift 2
	: >> "$T/$name.log"
	spawn_on "$where" "$name" "$TOOLS/server" --log "$T/$name.log" "$@"
	SERVER=$SPAWNED
	within 5 grep -q ^ready "$T/$name.out" || fail "server $name: $(< "$T/$name.err")"
}

# The same in the test's cgroup, which has to be there. server_inside NAME ADDRESS:PORT
server_inside() {
	spawn "$1" in_cgroup nsenter --net="/run/netns/$KM_NETNS-host" -- "$TOOLS/server" --log "$T/$1.log" "$2"
	within 5 grep -q ^ready "$T/$1.out"
}

# Fails if that text ever reached one of the servers.
never_arrived() {
	! grep -l -F -e "$1" "$T"/*.log || fail "saw: \"$1\" arrived at a server instead of nothing"
}

arrived() {
	grep -q -F -e "$1" "$T"/*.log || fail "saw: \"$1\" arrived nowhere"
}

# A key and a certificate for the host, $T/key.pem and $T/cert.pem.
certificate_make() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=host \
		-addext "subjectAltName=IP:127.0.0.1,IP:::1,IP:$HOST4,IP:$HOST6" \
		-keyout "$T/key.pem" -out "$T/cert.pem" 2> "$T/openssl.err"
}

# One member of etcd on ports 2379 and 2380 of both families; with `https`, by TLS. etcd_start [http|https]
etcd_start() {
	local scheme=${1:-http} tls=()
	if [ "$scheme" = https ]; then
		certificate_make
		tls=(--cert-file "$T/cert.pem" --key-file "$T/key.pem")
	fi
	spawn_on host etcd etcd --name member --data-dir "$T/etcd" "${tls[@]}" --log-level error \
		--listen-client-urls "$scheme://[::]:2379" --advertise-client-urls "$scheme://$HOST4:2379" \
		--listen-peer-urls 'http://[::]:2380' --initial-advertise-peer-urls "http://$HOST4:2380" \
		--initial-cluster "member=http://$HOST4:2380"
	within 20 etcdctl_on host --endpoints "$scheme://127.0.0.1:2379" endpoint health
}

# etcdctl_on WHERE ARGUMENT...
etcdctl_on() {
	local where=$1 ca=()
	shift
	[ ! -e "$T/cert.pem" ] || ca=(--cacert "$T/cert.pem")
	on "$where" env ETCDCTL_API=3 etcdctl --dial-timeout 5s --command-timeout 5s "${ca[@]}" "$@"
}

# An HTTPS server on port 6443 of both families.
https_start() {
	[ -e "$T/cert.pem" ] || certificate_make
	spawn_on host https openssl s_server -accept 6443 -www -quiet -cert "$T/cert.pem" -key "$T/key.pem"
	within 5 on host curl -sk --noproxy '*' -o /dev/null https://127.0.0.1:6443/
}

# A plain HTTP server on port 8080 of both families.
http_start() {
	server_start http --http '[::]:8080'
	within 5 on host curl -s --noproxy '*' -o /dev/null http://127.0.0.1:8080/
}
