# SPDX-License-Identifier: BSD-2-Clause
# A change of the ConfigMap: when it is in force, whom it cuts, and what becomes of one that is wrong.
# shellcheck disable=SC2030,SC2031 # a test and what it calls are one process

load lib/guard

setup() {
	guard_setup
	deployed enforce
}
teardown() { guard_teardown; }

BASTION=192.0.2.30

# A machine that is busy with something else may need another try.
# bats test_tags=guard, short
@test "kubectl patch, then annotate: in force within a second, out and in" {
	gets bastion served "$CP:6443"
	for try in 1 2 3; do
		late=
		changed refused < <(without "$BASTION" apiserver.allow) || late=1
		changed served < "$KM_ROOT/deploy/kubernetes/base/config/apiserver.allow" || late=1
		[ -n "$late" ] || return 0
	done
	fail "$try tries, each later than a second after the patch"
}

# Patches the list, annotates the pod, waits until the bastion sees that; fails if it took a second. changed WHAT <<< list
changed() {
	local patched took
	edit apiserver.allow
	patched=${EPOCHREALTIME/./}
	nudge
	within 10 gets bastion "$1" "$CP:6443" || return
	took=$(((${EPOCHREALTIME/./} - patched) / 1000))
	echo "# the bastion is $1 $took ms after the patch" >&3
	((took < 1000))
}

# bats test_tags=guard
@test "kubectl patch alone: in force within a second of the kubelet's swap" {
	data=$(root_of cp)/var/lib/kubelet/pods/$(kn get pod "$(pod)" -o jsonpath='{.metadata.uid}')/volumes/kubernetes.io~configmap/config/..data
	before=$(readlink "$data")
	without "$BASTION" apiserver.allow | edit apiserver.allow
	within 100 swapped "$data" "$before"
	within 1 gets bastion refused "$CP:6443"
}

swapped() {
	[ "$(readlink "$1")" != "$2" ]
}

# bats test_tags=guard, short
@test "kubectl get -w from a source that is removed ends; another goes on" {
	watch_from bastion
	cut=$SPAWNED
	watch_from worker
	without "$BASTION" apiserver.allow | edit apiserver.allow
	nudge
	within 5 ended "$cut"
	seen=$(wc -l < "$T/worker.out")
	k label node worker --overwrite "watched=$BATS_TEST_NUMBER-$$" > "$T/label"
	within 5 lines_beyond "$seen" "$T/worker.out"
	km drops | grep -F "apiserver deny revoked from $BASTION"
}

# kubectl get nodes -w there, once it has printed what there is. watch_from HOST
watch_from() {
	spawn_on "$1" "$1" "$PROGRAMS/kubectl" --kubeconfig "$STATE/kube/admin.conf" --cache-dir "$T/cache-$1" get nodes -w
	within 10 lines_beyond 2 "$T/$1.out"
}

ended() {
	gone "$1" || fail "saw: a watch that goes on instead of one that is cut"
}

# bats test_tags=guard, short
@test "a list with an error: the old policy stays, the pod is unready, describe and log name the line; the next edit mends it" {
	(
		without "$BASTION" apiserver.allow
		echo 10.0.0.1/8
	) | edit apiserver.allow
	line=$(($(without "$BASTION" apiserver.allow | wc -l) + 1))
	nudge
	within 15 describes "apiserver.allow:$line:1: host bits are set; write 10.0.0.0/8 for the network"
	within 10 pod_is_ready False
	kn logs "$(pod)" | grep -F "apiserver.allow:$line:1: error: host bits are set"
	gets bastion served "$CP:6443"
	gets_everywhere stranger refused
	without "$BASTION" apiserver.allow | edit apiserver.allow
	nudge
	within 15 pod_is_ready True
	gets bastion refused "$CP:6443"
}

describes() {
	kn describe pod "$(pod)" | grep -F "$1"
}

pod_is_ready() {
	[ "$(kn get pod "$(pod)" -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}')" = "$1" ]
}

# bats test_tags=guard
@test "a node that is to join and is not listed: drops and explain say so within a second" {
	without 192.0.2.20 apiserver.allow | edit apiserver.allow
	nudge
	within 5 gets worker refused "$CP:6443"
	within 1 dropped 'apiserver deny denied_source from 192.0.2.20'
	run ! km explain apiserver 192.0.2.20
	[[ $output == *'apiserver.allow:'* ]]
	edit apiserver.allow < "$KM_ROOT/deploy/kubernetes/base/config/apiserver.allow"
	nudge
	within 5 gets worker served "$CP:6443"
}

dropped() {
	km drops | grep -F "$1"
}
