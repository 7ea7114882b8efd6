# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# What the tests on the cluster stand on: the DaemonSet of deploy/kubernetes in force, and what one asks it.
#
# A test tagged `guard` shows that the guard does something: with KM_WITHOUT_GUARD=1 everything is deployed but stays in
# audit, and such a test has to fail at what a client saw.

bats_require_minimum_version 1.5.0

# shellcheck source=tests/kubernetes/lib/cluster.bash
source "${BASH_SOURCE[0]%/*}/cluster.bash"
# shellcheck source=tests/e2e/lib/clients.bash
source "$KM_ROOT/tests/e2e/lib/clients.bash"

KM_NETNS=km-cluster
TOOLS=$KM_ROOT/build/tests/tools
KM=$KM_ROOT/build/static/kubemoat
HELLO=$'GET / HTTP/1.0\r\n\r\n' # a TLS server in Go has an answer to that
GUARDED=("$CP:6443" "$CP:2379" "$CP:2380" "$CP:10250" "[$CP6]:6443" "[$CP6]:2379" "[$CP6]:2380" "[$CP6]:10250")

guard_setup() {
	T=$BATS_TEST_TMPDIR
	: > "$T/pids"
}

guard_teardown() {
	stop_all
}

kn() {
	k -n kubemoat "$@"
}

# The pod on the control-plane node that is there to stay.
pod() {
	kn get pods -l app.kubernetes.io/component=guard -o json |
		jq -er '[.items[] | select(.metadata.deletionTimestamp == null)] | last | .metadata.name'
}

# kubemoat in that pod.
km() {
	kn exec "$(pod)" -c guard -- kubemoat "$@"
}

# kubemoat on the node, as its console has it: no API server is asked.
km_on_node() {
	inside cp "$KM" "$@"
}

ready() {
	nudge
	kn rollout status daemonset/kubemoat --timeout=120s > "$T/rollout" 2>&1 || fail "$(
		kn get pods
		kn logs "$(pod)" -c load
		kn logs "$(pod)" --tail 20
		km status --problems
	)"
}

# What `kubectl apply -k` applies, with every service in that mode and a mark in a list. manifests MODE MARK [KUSTOMIZATION]
manifests() {
	local mode=$1
	[ -z "$KM_WITHOUT_GUARD" ] || mode=audit
	k kustomize "${3:-$KM_ROOT/deploy/kubernetes/base}" |
		sed -e "s/^    mode: audit$/    mode: $mode/" -e "s/^  apiserver.allow: |$/&\n    # $2/"
}

# The DaemonSet with the lists of the base, ready and in force, whatever a test before did. deployed MODE [KUSTOMIZATION]
deployed() {
	local mark="deployed at $EPOCHREALTIME"
	manifests "$1" "$mark" "${@:2}" | k apply -f - > "$T/apply"
	ready
	nudge
	within 20 kept "$mark"
	within 10 km status
}

# The files of the policy in force have that text.
kept() {
	inside cp grep -q "$1" /var/lib/kubemoat/kubemoat/policy
}

# Has the kubelet look at the ConfigMap now instead of within a minute.
nudge() {
	kn annotate pods -l app.kubernetes.io/component=guard --overwrite "kubemoat/reload=$EPOCHREALTIME" > "$T/nudge"
}

# Replaces one key of the ConfigMap by standard input. edit KEY <<< text
edit() {
	kn patch configmap kubemoat --type merge -p "$(jq -Rs --arg key "$1" '{data: {($key): .}}')" > "$T/patch"
}

# The lines of a list of the base that do not match, to be written back. without REGEX LIST
without() {
	grep -v -e "$1" "$KM_ROOT/deploy/kubernetes/base/config/$2"
}

# No DaemonSet, no pod; the guard stays.
undeployed() {
	kn delete daemonset kubemoat > "$T/delete"
	kn wait pod -l app.kubernetes.io/component=guard --for=delete --timeout=120s > "$T/wait"
}

# What a client there gets of a TLS server: served, refused, … gets HOST WHAT ADDRESS:PORT
gets() {
	sees "$1" "$2" --payload "$HELLO" "$3"
}

# The same of every guarded port, by IPv4 and IPv6. gets_everywhere HOST WHAT
gets_everywhere() {
	local port
	for port in "${GUARDED[@]}"; do
		gets "$1" "$2" "$port"
	done
}

# The host is let in at every guarded port. etcd has no answer to what is no TLS: it closes.
let_in_everywhere() {
	local port outcome
	for port in "${GUARDED[@]}"; do
		outcome=$(on "$1" "$TOOLS/client" --payload "$HELLO" "$port") || true
		[[ $outcome == served* || ($port == *:23* && $outcome == closed) ]] || saw "$1 $port" "$outcome" served
	done
}

# A stranger that connects until `stream_ends`, when nothing else wants the processor. stream_begins NAME ADDRESS:PORT
stream_begins() {
	stream "$1" stranger 600 --timeout 30000 --parallel 1 --payload "$HELLO" "$2"
	renice -n 19 -p "$SPAWNED" > "$T/renice"
}

# It has to have been refused each time.
stream_ends() {
	local pid="STREAM_$1"
	kill "${!pid}"
	streamed "$1" refused
	echo "# $(jq .total "$T/stream-$1.out") connects, all refused" >&3
}

# The static pods and how often each was started again: anything else than before is an illness.
restarts() {
	k -n kube-system get pods -o json |
		jq -c '[.items[] | {(.metadata.name): ([.status.containerStatuses[]?.restartCount] | add)}] | add'
}
