# SPDX-License-Identifier: BSD-2-Clause
# Pods come and go, are upgraded, and go for good: a stream of strangers' connects sees no gap, and at the end nothing
# is left.

load lib/guard
load lib/page

setup() {
	guard_setup
	deployed enforce
}
teardown() { guard_teardown; }

strangers_begin() {
	stream_begins api "$CP:6443"
	stream_begins kubelet "[$CP6]:10250"
}

strangers_end() {
	stream_ends api
	stream_ends kubelet
}

# bats test_tags=guard, short
@test "rollout restart, delete of the pod, delete of the DaemonSet: no gap, and the next pod adopts" {
	strangers_begin
	kn rollout restart daemonset/kubemoat
	ready
	kn delete pod "$(pod)"
	ready
	undeployed
	[ "$(km_on_node status -o json | jq .daemon.pid)" = null ]
	gets bastion served "$CP:6443"
	deployed enforce
	[ "$(km status -o json | jq .adopted)" = true ]
	strangers_end
}

# bats test_tags=guard
@test "upgrade to an image whose maps have another layout, and back: no gap, no count is lost" {
	LAYOUT_TEST=1 STATIC_BUILD=build/static-layout IMAGE=localhost/kubemoat:other \
		"$KM_ROOT/scripts/image" build/kubemoat-image-other.tar > "$T/image" 2>&1
	image_import cp "$KM_ROOT/build/kubemoat-image-other.tar"
	strangers_begin
	for tag in other latest; do
		kn set image daemonset/kubemoat "*=localhost/kubemoat:$tag"
		ready
		[ "$(kn get pod "$(pod)" -o jsonpath='{.status.containerStatuses[0].image}')" = "localhost/kubemoat:$tag" ]
	done
	strangers_end
	gets bastion served "$CP:6443"
	refused=$(jq -s 'map(.total) | add' "$T"/stream-*.out)
	[ "$(km stats -o json | jq '[.services[].counters[] | select(.verdict == "deny") | .count] | add')" -ge "$refused" ]
}

@test "uninstalling leaves no program, link, map, pin or cgroup of ours" {
	objects > "$T/before"
	[ "$(grep -c ^prog "$T/before")" = 2 ]
	[ "$(grep -c ^link "$T/before")" = 2 ]
	[ "$(grep -c ^map "$T/before")" -gt 5 ]
	page_walk kubernetes.md Uninstalling
	within 10 objects_gone
	[ -z "$(inside cp find /sys/fs/bpf -mindepth 1 -name 'kubemoat*')" ]
	[ -z "$(inside cp find /var/lib/kubemoat -type f)" ]
	within 60 no_cgroup
	gets stranger served "$CP:6443"
}

# Lines "KIND ID" of what is pinned, and of the maps that its programs use; the pod's uid in $T/uid.
objects() {
	local pin kind
	kn get pod "$(pod)" -o jsonpath='{.metadata.uid}' > "$T/uid"
	for pin in $(inside cp find /sys/fs/bpf/kubemoat -type f); do
		for kind in prog link map; do
			inside cp bpftool -j "$kind" show pinned "$pin" 2> /dev/null |
				jq -r --arg kind "$kind" 'select(.id) | "\($kind) \(.id)", (.map_ids // [] | .[] | "map \(.)")'
		done
	done | sort -u
}

objects_gone() {
	local kind id
	while read -r kind id; do
		! bpftool "$kind" show id "$id" || return 1
	done < "$T/before"
}

# The kubelet takes the cgroups of a pod away some time after it is gone, but for the empty ones that runc makes in
# version 2 beside version 1.
no_cgroup() {
	[ -z "$(find /sys/fs/cgroup -path /sys/fs/cgroup/unified -prune -o -type d -path "*/km-cluster-cp/*$(< "$T/uid")*" -print)" ]
}
