# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The cluster as a whole: a control-plane node and a worker, two hosts outside, and what one asks it.

KM_ROOT=$(cd "${BASH_SOURCE[0]%/*}/../../.." && pwd)

# shellcheck source=tests/e2e/lib/wait.bash
source "$KM_ROOT/tests/e2e/lib/wait.bash"
for part in programs node pki control; do
	# shellcheck source=/dev/null
	source "$KM_ROOT/tests/kubernetes/lib/$part.bash"
done

# kubectl as the administrator, with the address of one of the hosts. kubectl_from HOST ARGUMENT...
kubectl_from() {
	local host=$1
	shift
	on "$host" "$PROGRAMS/kubectl" --kubeconfig "$STATE/kube/admin.conf" --cache-dir "$STATE/kubectl" "$@"
}

k() {
	kubectl_from cp "$@"
}

# The one image that the cluster needs: busybox, for the sandboxes and, with this machine's programs mounted, for all else.
box_make() {
	local dir=$STATE/box tool
	mkdir -p "$dir/bin" "$dir/tmp"
	cp /bin/busybox "$dir/bin/"
	for tool in sh ls cat sleep nc env; do
		ln -s busybox "$dir/bin/$tool"
	done
	printf 'FROM scratch\nCOPY box /\nENV PATH=/bin:/usr/sbin:/usr/bin\nCMD ["/bin/sleep", "infinity"]\n' > "$STATE/Containerfile"
	buildah --root "$STATE/buildah" --runroot "$STATE/buildah.run" --storage-driver vfs bud --quiet --isolation chroot \
		-f "$STATE/Containerfile" -t "oci-archive:$STATE/box.tar:localhost/box:1" "$STATE" > "$STATE/box.log" 2>&1
}

nodes_ready() {
	[ "$(k get nodes -o jsonpath='{.items[*].status.conditions[?(@.type=="Ready")].status}')" = "True True" ]
}

# Says what came up, and when. reached SECONDS WHAT COMMAND...
reached() {
	local seconds=$1 what=$2
	shift 2
	within "$seconds" "$@" || {
		echo "kubernetes: $what: not within $seconds seconds; see $STATE/*/log" >&2
		return 1
	}
	printf '# %4d s %s\n' "$SECONDS" "$what"
}

cluster_up() {
	local node
	state_make && pki_make && box_make && switch_up || return
	for node in bastion stranger; do
		cable "$node"
	done
	for node in "${NODES[@]}"; do
		node_up "$node" && containerd_start "$node" && image_import "$node" "$STATE/box.tar" &&
			kubelet_configure "$node" && kubelet_start "$node" || return
	done
	control_plane_start
	reached 120 "the API server is ready" k get --raw /readyz || return
	reached 60 "the nodes are registered" k get nodes "${NODES[@]}" || return
	k label node cp node-role.kubernetes.io/control-plane= node-role.kubernetes.io/master= || return
	k taint node cp node-role.kubernetes.io/master=:NoSchedule || return
	for node in "${NODES[@]}"; do
		kube_proxy_start "$node"
	done
	reached 60 "the nodes are Ready" nodes_ready || return
	reached 60 "pods can be made" k get serviceaccount default
}

cluster_down() {
	nodes_down
}
