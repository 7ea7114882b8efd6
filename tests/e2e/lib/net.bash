# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# The network of a test: three namespaces.
#
#   client    10.77.1.2  fd77:1::2  ──── client  10.77.1.1  fd77:1::1 ┐
#                                                                     ├ host, the guarded node
#   stranger  10.77.2.2  fd77:2::2  ──── stranger 10.77.2.1 fd77:2::1 ┘

HOST4=10.77.1.1
HOST6=fd77:1::1
CLIENT4=10.77.1.2
CLIENT6=fd77:1::2
STRANGER4=10.77.2.2
STRANGER6=fd77:2::2

# Runs a command in one of the namespaces. `ip netns exec` would hide bpffs and cgroups. on NAMESPACE COMMAND...
on() {
	local where=$1
	shift
	nsenter --net="/run/netns/$KM_NETNS-$where" -- "$@"
}

# Addresses that are there at once, without waiting for duplicates.
ns_add() {
	ip netns add "$KM_NETNS-$1"
	on "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
		net.ipv6.conf.default.accept_ra=0 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
}

# A cable from the host's device PEER to eth0 of namespace PEER; the host has .1, the peer .2 of network N.
ns_connect() {
	local peer=$1 n=$2
	ip -n "$KM_NETNS-host" -batch - <<- END
		link add $peer type veth peer name eth0 netns $KM_NETNS-$peer
		addr add 10.77.$n.1/24 dev $peer
		addr add fd77:$n::1/64 dev $peer nodad
		link set $peer up
	END
	ip -n "$KM_NETNS-$peer" -batch - <<- END
		link set lo up
		addr add 10.77.$n.2/24 dev eth0
		addr add fd77:$n::2/64 dev eth0 nodad
		link set eth0 up
		route add default via 10.77.$n.1
		route add default via fd77:$n::1 dev eth0
	END
}

net_setup() {
	local ns
	for ns in host client stranger; do
		ns_add "$ns"
	done
	ip -n "$KM_NETNS-host" link set lo up
	ns_connect client 1
	ns_connect stranger 2
}

net_teardown() {
	local ns
	for ns in $(ip netns list | awk -v p="$KM_NETNS-" 'index($1, p) == 1 { print $1 }'); do
		ip netns delete "$ns"
	done
}

# Lets a peer use every address of a network as its source: --freebind binds them. own_network PEER NETWORK
own_network() {
	local via family=-4
	via=$(ip -n "$KM_NETNS-$1" -4 -br addr show dev eth0 | awk '{ sub("/.*", "", $3); print $3 }')
	if [[ $2 == *:* ]]; then
		family=-6
		via=$(ip -n "$KM_NETNS-$1" -6 -br addr show dev eth0 scope global | awk '{ sub("/.*", "", $3); print $3 }')
	fi
	ip -n "$KM_NETNS-$1" "$family" route add local "$2" dev lo
	ip -n "$KM_NETNS-host" "$family" route add "$2" via "$via"
}

# The link-layer address of a device. mac NAMESPACE DEVICE
mac() {
	ip -n "$KM_NETNS-$1" -br link show dev "$2" | awk '{ print $3 }'
}

link_local() {
	ip -n "$KM_NETNS-$1" -6 -br addr show dev "$2" scope link | awk '{sub("/.*", "", $3); print $3}'
}
