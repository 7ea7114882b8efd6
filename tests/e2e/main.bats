# SPDX-License-Identifier: BSD-2-Clause
# What the guard is for: listed sources are served, the others refused.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

# bats test_tags=guard
@test "an unlisted source is refused on etcd's ports, and counted once as denied_source" {
	etcd_start
	config <<< 'version: 1
mode: enforce
services:
  etcd: {}'
	allow etcd "$CLIENT4"
	km load
	browses stranger refused "http://$HOST4:2379/health"
	expect_count etcd deny denied_source 1
	etcdctl_on client --endpoints "http://$HOST4:2379" put key value
	run ! etcdctl_on stranger --endpoints "http://$HOST4:2379" get key
	sees stranger refused "$HOST4:2380"
	sees client refused "[$HOST6]:2379"
}

# bats test_tags=guard
@test "a source is served within a second of its line being added, and explain names file and line" {
	etcd_start
	guard_one etcd 2379 '# the members' "$CLIENT4"
	daemon_start
	browses stranger refused "http://$HOST4:2379/health"
	exits 1 km explain etcd "$STRANGER4"
	told denied_source
	echo "$STRANGER4" >> "$CONF/etcd.allow"
	within 1 browses stranger served "http://$HOST4:2379/health"
	# The files of a policy are kept a moment after it is in force.
	within 1 km explain etcd "$STRANGER4"
	exits 0 km explain etcd "$STRANGER4"
	told etcd.allow:3
	[ "$(km -o json explain 2379 "$STRANGER4" | jq -r '.service, .source, .verdict, .reason, .rule' | xargs)" = \
		"etcd $STRANGER4 allow allowed etcd.allow:3" ]
}

@test "explain names the nearest miss of a source that no line matches" {
	guard_one apiserver 6443 192.0.2.0/24 198.51.100.0/24
	km load
	exits 1 km explain apiserver 192.0.3.5
	told apiserver.allow:1
	[ "$(km -o json explain apiserver 192.0.3.5 | jq .rule)" = null ]
}

@test "explain answers a mapped address as IPv4, and the host's own as @self" {
	guard_one apiserver 6443 192.0.2.0/24
	km load
	exits 0 km explain apiserver ::ffff:192.0.2.7
	told 192.0.2.7
	exits 0 km explain apiserver "$HOST4"
	told "this host itself"
	exits 0 km explain apiserver ::1
}

# bats test_tags=guard
@test "etcd over TLS: etcdctl works from a listed source of either family and not from others" {
	etcd_start https
	guard_one etcd 2379 "$CLIENT4" "$CLIENT6"
	km load
	for host in "$HOST4" "[$HOST6]"; do
		browses stranger refused "https://$host:2379/health"
		etcdctl_on client --endpoints "https://$host:2379" endpoint health
		run ! etcdctl_on stranger --endpoints "https://$host:2379" endpoint health
	done
}

# bats test_tags=guard
@test "HTTPS on 6443: a v4 list judges v4 clients of a dual-stack socket, and events show plain v4" {
	https_start
	guard_one apiserver 6443 10.77.1.0/24
	km load
	browses client served "https://$HOST4:6443/"
	browses stranger refused "https://$HOST4:6443/"
	browses client refused "https://[$HOST6]:6443/"
	[ "$(km drops -o json | jq -r .source | xargs)" = "$STRANGER4 $CLIENT6" ]
}

# bats test_tags=guard
@test "8080 on all addresses: the host itself by loopback, nobody else but who is listed" {
	http_start
	config <<< 'version: 1
mode: enforce
services:
  insecure: {}'
	allow insecure "$CLIENT6"
	km load
	browses host served http://127.0.0.1:8080/
	browses host served 'http://[::1]:8080/'
	browses client served "http://[$HOST6]:8080/"
	browses client refused "http://$HOST4:8080/"
	browses stranger refused "http://[$HOST6]:8080/"
}

# bats test_tags=guard
@test "from inside the namespace by nsenter, without --netns, it guards the same" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	[ -n "$KM_WITHOUT_GUARD" ] || on host "$KM" -n "$NAME" -c "$CONF" load
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	on host "$KM" -n "$NAME" -c "$CONF" status
	healthy
}

@test "deny: drop without the packet layer is an error of check" {
	config <<< 'version: 1
mode: enforce
layers: [lookup]
services:
  apiserver: {deny: drop}'
	allow apiserver "$CLIENT4"
	exits 1 km check
	told kubemoat.yaml:5:
}

# bats test_tags=guard
@test "layers: [lookup] refuses and serves too" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	echo 'layers: [lookup]' >> "$CONF/kubemoat.yaml"
	km load
	[ -n "$KM_WITHOUT_GUARD" ] || [ "$(km status -o json | jq -r '.hooks[] | select(.attached) | .name' | xargs)" = sk_lookup ]
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
}

# bats test_tags=guard
@test "a service may say its own mode" {
	server_start echo '[::]:6443' '[::]:2379'
	config <<< 'version: 1
mode: audit
services:
  apiserver: {mode: enforce}
  etcd: {}'
	allow apiserver "$CLIENT4"
	allow etcd "$CLIENT4"
	km load
	sees stranger refused "$HOST4:6443"
	sees stranger served "$HOST4:2379"
}

# bats test_tags=guard
@test "a failsafe source is served whatever the list says, and counted as such" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "!$CLIENT4" 192.0.2.1
	echo "failsafe: [$CLIENT4/32]" >> "$CONF/kubemoat.yaml"
	km load
	sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	expect_count apiserver allow allowed_failsafe 1
}

# bats test_tags=guard
@test "traffic of unguarded ports is untouched" {
	server_start echo '[::]:6443' '[::]:6444'
	guard_one apiserver 6443 192.0.2.1
	km load
	sees stranger refused "$HOST4:6443"
	sees stranger served "$HOST4:6444"
	sees stranger served "[$HOST6]:6444"
	sees stranger refused "$HOST4:6445"
	expect_count apiserver deny denied_source 1
}

# The client, bound to an address that is routed to it, sees that. from WHAT ADDRESS SERVER
from() {
	sees client "$1" --freebind --bind "$2" "$3:6443"
}

ip4() {
	echo "$(($1 >> 24)).$(($1 >> 16 & 255)).$(($1 >> 8 & 255)).$(($1 & 255))"
}

# bats test_tags=guard
@test "every v4 prefix length is judged at both its ends" {
	server_start echo "$HOST4:6443"
	own_network client 100.64.0.0/10
	guard_one apiserver 6443 192.0.2.1
	km load
	for length in {12..32}; do
		first=$((100 << 24 | 80 << 16))
		last=$((first + (1 << (32 - length)) - 1))
		allow apiserver "$(ip4 $first)/$length"
		km reload
		from refused "$(ip4 $((first - 1)))" "$HOST4"
		from served "$(ip4 $first)" "$HOST4"
		from served "$(ip4 $last)" "$HOST4"
		from refused "$(ip4 $((last + 1)))" "$HOST4"
	done
}

# bats test_tags=guard
@test "v6 prefixes of many lengths are judged at both their ends" {
	server_start echo '[::]:6443'
	own_network client fd88::/16
	guard_one apiserver 6443 192.0.2.1
	km load
	while read -r prefix before first last after; do
		allow apiserver "$prefix"
		km reload
		from refused "[$before]" "[$HOST6]"
		from served "[$first]" "[$HOST6]"
		from served "[$last]" "[$HOST6]"
		from refused "[$after]" "[$HOST6]"
	done <<- 'END'
		fd88:4000::/19     fd88:3fff::ffff       fd88:4000::        fd88:5fff:ffff::1   fd88:6000::
		fd88:1::/32        fd88::ffff:0:0:1      fd88:1::           fd88:1:ffff::1      fd88:2::
		fd88:2:8000::/33   fd88:2:7fff:ffff::1   fd88:2:8000::      fd88:2:ffff::1      fd88:3::
		fd88:1:2::/47      fd88:1:1:ffff::1      fd88:1:2::         fd88:1:3:ffff::1    fd88:1:4::
		fd88:1:2::/48      fd88:1:1:ffff::1      fd88:1:2::         fd88:1:2:ffff::1    fd88:1:3::
		fd88:1:2:2::/63    fd88:1:2:1:ffff::     fd88:1:2:2::       fd88:1:2:3:ffff::   fd88:1:2:4::
		fd88:1:2:3::/64    fd88:1:2:2:ffff::     fd88:1:2:3::       fd88:1:2:3:ffff::   fd88:1:2:4::
		fd88::8000:0:0:0/65 fd88::7fff:ffff:ffff:ffff fd88::8000:0:0:0 fd88::ffff:ffff:ffff:ffff fd88:0:0:1::
		fd88::1:0:0/96     fd88::ffff:ffff       fd88::1:0:0        fd88::1:ffff:ffff   fd88::2:0:0
		fd88::2/127        fd88::1               fd88::2            fd88::3             fd88::4
		fd88::2/128        fd88::1               fd88::2            fd88::2             fd88::3
	END
}

# bats test_tags=guard
@test "ranges and exceptions: the longest prefix decides, in any order" {
	server_start echo "$HOST4:6443"
	own_network client 198.51.100.0/24
	guard_one apiserver 6443 198.51.100.0-198.51.100.255 '!198.51.100.16/28' '198.51.100.10 - 198.51.100.20'
	km load
	for address in 16 20 40; do
		from served "198.51.100.$address" "$HOST4"
	done
	from refused 198.51.100.21 "$HOST4"
	from refused 198.51.100.31 "$HOST4"
	allow apiserver '!198.51.100.66' 198.51.100.0/24
	km reload
	from refused 198.51.100.66 "$HOST4"
	from served 198.51.100.67 "$HOST4"
}

# bats test_tags=guard
@test "a list of 200,000 lines: its last source is served, the sources beside it are not" {
	server_start echo '[::]:6443'
	own_network client 198.51.100.0/24
	guard_one apiserver 6443 192.0.2.1
	awk 'BEGIN { for (i = 0; i < 200000; i++) printf "11.%d.%d.%d\n", i / 32768, i / 128 % 256, i % 128 * 2 }' \
		>> "$CONF/apiserver.allow"
	echo 198.51.100.7 >> "$CONF/apiserver.allow"
	km load
	from served 198.51.100.7 "$HOST4"
	from refused 198.51.100.6 "$HOST4"
	from refused 198.51.100.8 "$HOST4"
	sees client refused "[$HOST6]:6443"
	exits 0 km explain apiserver 198.51.100.7
	told apiserver.allow:200002
	exits 0 km explain apiserver 11.0.1.2
	exits 1 km explain apiserver 11.0.1.3
}

# bats test_tags=guard
@test "a link-local client is served by fe80::/10" {
	server_start echo '[::]:6443'
	address=$(link_local host client)
	guard_one apiserver 6443 fe80::/10
	km load
	sees client served "[$address%eth0]:6443"
	sees stranger refused "[$HOST6]:6443"
	sees client refused "[$HOST6]:6443"
}

# bats test_tags=guard
@test "HAProxy's way: 6443 here and the API server on 7443; only what is named is guarded" {
	server_start echo '[::]:6443' '[::]:7443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees stranger refused "$HOST4:6443"
	sees stranger served "$HOST4:7443"
}
