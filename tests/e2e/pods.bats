# SPDX-License-Identifier: BSD-2-Clause
# Pods: namespaces of their own on the same host and in the same cgroups, whose listeners are not the host's.

load lib/guard

POD4=10.77.3.2 POD6=fd77:3::2

setup() {
	guard_setup
	ns_add pod
	ns_connect pod 3
	on host sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}
teardown() { guard_teardown; }

# bats test_tags=guard
@test "a pod's own listener on 8080 and 6443 is untouched; the host's on the same numbers are guarded" {
	server_start_on pod pod '[::]:8080' '[::]:6443'
	server_start echo '[::]:8080' '[::]:6443'
	config <<< 'version: 1
mode: enforce
services: {insecure: {}, apiserver: {}}'
	allow insecure 192.0.2.1
	allow apiserver 192.0.2.1
	km load
	for port in 8080 6443; do
		sees stranger served "$POD4:$port"
		sees stranger served "[$POD6]:$port"
		sees host served "$POD4:$port"
		sees pod served "127.0.0.1:$port"
		sees pod served "[::1]:$port"
		sees pod served "$POD4:$port"
		sees stranger refused "$HOST4:$port"
		sees pod refused "$HOST4:$port"
		sees pod refused "[$HOST6]:$port"
		sees host served "127.0.0.1:$port"
	done
	expect_count apiserver deny denied_source 3
	expect_count insecure deny denied_source 3
	expect_count apiserver allow allowed 1
	expect_count insecure allow allowed 1
}

@test "a pod's established connections on a guarded port number survive load and reload" {
	server_start_on pod pod '[::]:6443'
	guard_one apiserver 6443 192.0.2.1
	holds stranger "$POD4:6443"
	km load
	says served
	km reload
	says served
	expect_count apiserver deny revoked 0
}

# bats test_tags=guard
@test "deny: drop leaves a pod's listener alone as well" {
	server_start_on pod pod '[::]:6443'
	server_start echo '[::]:6443'
	config <<< 'version: 1
mode: enforce
services: {apiserver: {deny: drop}}'
	allow apiserver 192.0.2.1
	km load
	sees stranger served "$POD4:6443"
	sees pod served 127.0.0.1:6443
	sees stranger timeout --timeout 300 "$HOST4:6443"
}

# bats test_tags=guard
@test "a pod is judged by its own address, also when the host masquerades what it sends elsewhere" {
	server_start echo '[::]:6443'
	on host nft -f - <<< 'table inet t { chain c { type nat hook postrouting priority 100; ip saddr 10.77.3.0/24 masquerade; }; }'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	sees pod refused "$HOST4:6443"
	allow apiserver "$POD4"
	km reload
	sees pod served "$HOST4:6443"
}

# bats test_tags=guard
@test "behind a box that masquerades, clients have the box's address" {
	server_start echo "$HOST4:6443"
	ns_add inner
	ip -n "$KM_NETNS-client" link add inner type veth peer name eth0 netns "$KM_NETNS-inner"
	ip -n "$KM_NETNS-client" addr add 10.99.0.1/24 dev inner
	ip -n "$KM_NETNS-client" link set inner up
	ip -n "$KM_NETNS-inner" addr add 10.99.0.2/24 dev eth0
	ip -n "$KM_NETNS-inner" link set eth0 up
	ip -n "$KM_NETNS-inner" route add default via 10.99.0.1
	on client sysctl -qw net.ipv4.ip_forward=1
	on client nft -f - <<< 'table inet t { chain c { type nat hook postrouting priority 100; oifname eth0 masquerade; }; }'
	guard_one apiserver 6443 "$CLIENT4" '!10.99.0.0/16'
	km load
	sees inner served "$HOST4:6443"
	allow apiserver 10.99.0.2
	km reload
	sees inner refused "$HOST4:6443"
	# The connection of before may not have ended yet on this side: then it is cut.
	[ "$(km drops -o json | jq -r 'select(.reason == "denied_source").source')" = "$CLIENT4" ]
}

@test "a host port that is translated to a pod does not reach the host, and is not judged" {
	server_start_on pod pod "$POD4:8443"
	on host nft -f - <<- END
		table inet t { chain pre { type nat hook prerouting priority -100; ip daddr $HOST4 tcp dport 6443 dnat ip to $POD4:8443; }; }
	END
	guard_one apiserver 6443 192.0.2.1
	km load
	sees stranger served "$HOST4:6443"
	expect_count apiserver deny denied_source 0
	expect_count apiserver allow allowed 0
}

# bats test_tags=guard
@test "a process that uses the host's network is the host, whatever mount and pid namespace it is in" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 192.0.2.1
	km load
	saw "host network pod" "$(on host unshare -m -p -f -u -i "$TOOLS/client" "$HOST4:6443")" "served 5"
	sees pod refused "$HOST4:6443"
}
