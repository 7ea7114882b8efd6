# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the other parts use what is set here
# Machines that are none: a node is a process in its own network, mount, UTS, IPC and cgroup namespaces, with a root of
# its own over this machine's files. What it writes stays in $STATE; its bpffs is its own, and its cgroups are
# /km-cluster-NODE in each hierarchy, "/" to itself. So a guard there sees that node and nothing else.
#
#   cp 192.0.2.10 ─┬─ switch ─┬─ bastion   192.0.2.30      (2001:db8::N for each)
#   worker ….20   ─┘          └─ stranger  192.0.2.66
#
# No cable leads out of the switch.

STATE=/var/lib/km-cluster
CP=192.0.2.10 CP6=2001:db8::10
SWITCH=km-cluster-switch
NODES=(cp worker)
PODS=10.244.0.0/16
SERVICES=10.96.0.0/16
declare -gA PART=([cp]=10 [worker]=20 [bastion]=30 [stranger]=66) # last part of the address
declare -gA NODE_PODS=([cp]=10.244.0.0/24 [worker]=10.244.1.0/24)

# What a kubelet sets for the whole machine.
KUBELET_SYSCTLS=(vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops kernel.keys.root_maxkeys
	kernel.keys.root_maxbytes)

# Every cgroup hierarchy of this machine: one, or version 1's many and version 2's.
hierarchies() {
	if [ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]; then
		echo /sys/fs/cgroup
	else
		find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
	fi
}

# Runs a command in a node: its root, its network, its names. inside NODE COMMAND...
inside() {
	local holder
	holder=$(< "$STATE/$1/holder.pid")
	shift
	nsenter -t "$holder" -m -u -i -n -C -- "$@"
}

# Runs a command of this machine, with its files, in the network of a node or an outside host. on HOST COMMAND...
on() {
	local host=$1
	shift
	nsenter --net="/run/netns/km-cluster-$host" -- "$@"
}

# The files of a node, as seen from here.
root_of() {
	echo "/proc/$(< "$STATE/$1/holder.pid")/root"
}

switch_up() {
	ip netns add "$SWITCH"
	ip -n "$SWITCH" link add br0 type bridge
	ip -n "$SWITCH" link set br0 up
}

# A network namespace with an address, at a port of the switch. Outside hosts know the way to pods and services.
cable() {
	local part=${PART[$1]} netns=km-cluster-$1
	ip netns add "$netns"
	nsenter --net="/run/netns/$netns" -- sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	# The same hardware after a reboot: neighbours would ask the old one for seconds.
	ip -n "$SWITCH" link add "port$part" type veth peer name eth0 address "02:00:00:00:00:$part" netns "$netns"
	ip -n "$SWITCH" link set "port$part" master br0
	ip -n "$SWITCH" link set "port$part" up
	ip -n "$netns" link set lo up
	network_up "$1"
}

# Its address, and its routes. network_up HOST
network_up() {
	local host=$1 part=${PART[$1]} netns=km-cluster-$1
	ip -n "$netns" -batch - <<- END
		link set eth0 up
		addr replace 192.0.2.$part/24 dev eth0
		addr replace 2001:db8::$part/64 dev eth0 nodad
	END
	[ "$host" != cp ] && ip -n "$netns" route add "${NODE_PODS[cp]}" via "$CP"
	[ "$host" != worker ] && ip -n "$netns" route add "${NODE_PODS[worker]}" via 192.0.2.20
	case $host in
	cp | worker) ip -n "$netns" route add default via 192.0.2.1 ;; # nobody is there, but kube-proxy wants a route
	*) ip -n "$netns" route add "$SERVICES" via "$CP" ;;
	esac
}

# Joins a cgroup in every hierarchy and becomes that command. The cgroup below the node's is only for those that count
# processes: others would need their settings copied down first. in_cgroup NODE BELOW COMMAND...
in_cgroup() {
	local node=$1 below=$2 hierarchy cgroup
	shift 2
	for hierarchy in $(hierarchies); do
		cgroup=$hierarchy/km-cluster-$node
		case ${hierarchy##*/} in
		cpuset | memory) ;;
		*) cgroup+=/$below ;;
		esac
		mkdir -p "$cgroup"
		echo "$BASHPID" > "$cgroup/cgroup.procs"
	done
	exec "$@"
}

# The node's cgroup in every hierarchy, with the settings without which nothing can be in it.
cgroups_make() {
	local hierarchy cgroup setting
	for hierarchy in $(hierarchies); do
		cgroup=$hierarchy/km-cluster-$1
		mkdir -p "$cgroup"
		if [ -e "$hierarchy/cpuset.mems" ] && [ ! -e "$hierarchy/cgroup.controllers" ]; then
			for setting in cpuset.cpus cpuset.mems; do
				cat "$hierarchy/$setting" > "$cgroup/$setting"
			done
		fi
	done
}

# Where version 2 is alone, pods need controllers, and a cgroup that hands them on holds no process.
controllers_hand_on() {
	local cgroup=/sys/fs/cgroup/km-cluster-$1 controller
	[ -e /sys/fs/cgroup/cgroup.controllers ] || return 0
	mkdir "$cgroup/init.scope"
	cat "$STATE/$1/holder.pid" > "$cgroup/init.scope/cgroup.procs"
	for controller in cpuset cpu io memory pids hugetlb; do
		echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
		echo "+$controller" > "$cgroup/cgroup.subtree_control"
	done 2> /dev/null
}

# The namespaces and the root of a node, held by a process that does nothing.
node_up() {
	local node=$1 dir=$STATE/$1
	cable "$node"
	cgroups_make "$node"
	mkdir -p "$dir"/{root,upper,work,containerd,log,pid}
	(in_cgroup "$node" . setsid nsenter --net="/run/netns/km-cluster-$node" -- \
		unshare -m -u -i -C bash "$KM_ROOT/tests/kubernetes/lib/holder.bash" "$dir" "$node" "$STATE" "$PROGRAMS") \
		> "$dir/log/holder" 2>&1 < /dev/null 3>&- 9>&- &
	echo $! > "$dir/holder.pid"
	disown $!
	within 5 test -e "$dir/holder.ready" || {
		cat "$dir/log/holder" >&2
		return 1
	}
	controllers_hand_on "$node"
	printf '127.0.0.1 localhost\n::1 localhost\n%s cp\n192.0.2.20 worker\n' "$CP" > "$(root_of "$node")/etc/hosts"
	inside "$node" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || return
	inside "$node" sysctl -qw net.bridge.bridge-nf-call-iptables=1 2> /dev/null || true # with br_netfilter only
}

# A daemon of a node, where systemd would put it. service NODE NAME COMMAND...
service() {
	local node=$1 name=$2 dir=$STATE/$1 holder
	shift 2
	holder=$(< "$dir/holder.pid")
	(in_cgroup "$node" "system.slice/$name.service" setsid nsenter -t "$holder" -m -u -i -n -C -- "$@") \
		>> "$dir/log/$name" 2>&1 < /dev/null 3>&- 9>&- &
	echo $! > "$dir/pid/$name"
	disown $!
}

# Ends a daemon of a node, and waits until it is gone. service_stop NODE NAME
service_stop() {
	local pid
	pid=$(< "$STATE/$1/pid/$2")
	kill "$pid"
	within 10 gone "$pid"
	rm "$STATE/$1/pid/$2"
}

# Every process in the cgroups of a node.
node_processes() {
	local hierarchy
	for hierarchy in $(hierarchies); do
		[ ! -d "$hierarchy/km-cluster-$1" ] || find "$hierarchy/km-cluster-$1" -name cgroup.procs -exec cat {} + 2> /dev/null
	done | sort -un
}

node_dead() {
	node_processes "$1" | xargs -r kill -KILL 2> /dev/null
	[ -z "$(node_processes "$1")" ]
}

# The node's processes die, then its namespaces and cgroups go.
node_down() {
	local hierarchy
	within 20 node_dead "$1"
	for hierarchy in $(hierarchies); do
		[ ! -d "$hierarchy/km-cluster-$1" ] || find "$hierarchy/km-cluster-$1" -depth -type d -exec rmdir {} +
	done
}

# Takes away whatever is there of this machine's nodes, also of a run that was killed.
nodes_down() {
	local node netns setting
	for node in "${NODES[@]}"; do
		node_down "$node"
	done
	for netns in $(ip netns list | awk '/^km-cluster-/ { print $1 }'); do
		ip netns delete "$netns"
	done
	if [ -e "$STATE/sysctl" ]; then
		while read -r setting; do
			sysctl -qw "$setting"
		done < "$STATE/sysctl"
	fi
	if mountpoint -q "$STATE"; then
		umount "$STATE" || umount -l "$STATE"
	fi
	[ ! -d "$STATE" ] || rmdir "$STATE"
}

# In memory: etcd waits for no disk, and containerd's layers may not be on an overlay, which this root may be.
state_make() {
	local setting
	mkdir "$STATE" && mount -t tmpfs -o mode=700 km-cluster "$STATE" || return
	for setting in "${KUBELET_SYSCTLS[@]}"; do
		echo "$setting=$(sysctl -n "$setting")"
	done > "$STATE/sysctl"
}
