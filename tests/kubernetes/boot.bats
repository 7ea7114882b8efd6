# SPDX-License-Identifier: BSD-2-Clause
# The control plane dies and comes up again under the guard.

load lib/guard

setup() {
	guard_setup
	deployed enforce
}
teardown() {
	rm -f "$(root_of cp)/etc/kubernetes/manifests/kubemoat.yaml"
	guard_teardown
}

api_ready() {
	k get --raw /readyz
}

# The process of a static pod. process_of NAME
process_of() {
	local pid
	for pid in $(node_processes cp); do
		[ "$(cat "/proc/$pid/comm" 2> /dev/null)" != "$1" ] || echo "$pid"
	done
}

# Kills it, and waits for its successor. killed NAME
killed() {
	local before
	before=$(process_of "$1")
	kill -KILL "$before"
	within 10 gone "$before"
	within 60 came_back "$1"
	within 60 api_ready
}

came_back() {
	[ -n "$(process_of "$1")" ]
}

# bats test_tags=guard, short
@test "the API server killed, with a list that has none of the node's addresses: ready again, the node itself is let in" {
	echo 192.0.2.30 | edit apiserver.allow
	nudge
	within 5 gets worker refused "$CP:6443"
	killed kube-apiserver
	for address in 127.0.0.1 "[::1]" "$CP" "[$CP6]" 10.96.0.1:443; do
		[[ $address == *:443 ]] || address+=:6443
		gets cp served "$address"
	done
	gets worker refused "$CP:6443"
	gets_everywhere stranger refused
}

# The node's processes all die, its kernel forgets the guard, its files stay. It has no network yet.
node_reboot() {
	node_down cp
	ip netns delete km-cluster-cp
	rm "$STATE/cp/holder.ready"
	node_up cp
	ip -n km-cluster-cp link set eth0 down
}

# bats test_tags=guard
@test "reboot: loaded from the kept files before there is a network, the control plane comes up without a daemon" {
	undeployed
	node_reboot
	[ -z "$(inside cp ls /sys/fs/bpf/kubemoat 2> /dev/null)" ]
	[ -n "$KM_WITHOUT_GUARD" ] || km_on_node load
	network_up cp
	stream_begins boot "$CP:6443"
	containerd_start cp
	kubelet_start cp
	kube_proxy_start cp
	within 60 api_ready
	within 60 nodes_ready
	gets bastion served "$CP:6443"
	stream_ends boot
	gets_everywhere stranger refused
	[ -z "$(inside cp pgrep -f 'kubemoat run')" ]
	deployed enforce
}

# bats test_tags=guard
@test "the static pod: guards with the API server down, from files of the node" {
	undeployed
	km_on_node unload
	cp "$KM_ROOT"/deploy/kubernetes/base/config/* "$(root_of cp)/etc/kubemoat/"
	[ -n "$KM_WITHOUT_GUARD" ] || sed -i 's/^mode: audit/mode: enforce/' "$(root_of cp)/etc/kubemoat/kubemoat.yaml"
	service_stop cp kubelet
	for pid in $(process_of kube-apiserver); do
		kill -KILL "$pid"
	done
	cp "$KM_ROOT/deploy/kubernetes/static-pod/kubemoat.yaml" "$(root_of cp)/etc/kubernetes/manifests/"
	kubelet_start cp
	within 60 api_ready
	within 120 static_pod_ready # the kubelet tells the API server of it when it looks at the pod again
	gets bastion served "$CP:6443"
	gets_everywhere stranger refused
	rm "$(root_of cp)/etc/kubernetes/manifests/kubemoat.yaml"
	within 60 no_static_pod
	rm "$(root_of cp)"/etc/kubemoat/*
	deployed enforce
}

static_pod_ready() {
	[ "$(k -n kube-system get pod kubemoat-cp -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = True ]
}

no_static_pod() {
	! k -n kube-system get pod kubemoat-cp
}
