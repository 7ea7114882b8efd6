# SPDX-License-Identifier: BSD-2-Clause
# A cluster that lives under the guard: what its parts and its users need of each other goes on.

load lib/guard

setup() {
	guard_setup
	deployed enforce
}
teardown() { guard_teardown; }

# A pod on that node that has this machine's programs. client_pod NODE
client_pod() {
	k apply -f - <<- END > "$T/apply"
		apiVersion: v1
		kind: Pod
		metadata: {name: client-$1}
		spec:
		  nodeName: $1
		  tolerations: [{operator: Exists}]
		  terminationGracePeriodSeconds: 0
		  containers:
		  - name: client
		    image: localhost/box:1
		    imagePullPolicy: Never
		    command: [sh, -c, echo it runs; exec sleep infinity]
		    volumeMounts: [{name: usr, mountPath: /usr}, {name: usr, mountPath: /lib, subPath: lib}, {name: usr, mountPath: /lib64, subPath: lib64}]
		  volumes: [{name: usr, hostPath: {path: /usr}}]
	END
	k wait pod "client-$1" --for=condition=Ready --timeout=120s > "$T/wait"
}

# What each part needs: nodes stay Ready, kubectl works, pods reach the API server, no static pod is started again.
cluster_lives() {
	local node
	nodes_ready || fail "$(k get nodes)"
	[ "$(restarts)" = "$RESTARTS" ] || fail "restarts: $(restarts), before $RESTARTS"
	for node in "${NODES[@]}"; do
		[ "$(k exec "client-$node" -- curl -sk --max-time 5 https://10.96.0.1/livez)" = ok ] || fail "ClusterIP from a pod on $node"
		[ "$(k logs "client-$node")" = 'it runs' ] || fail "logs on $node"
	done
	[ "$(k exec client-cp -- curl -sk --max-time 5 "https://$CP:6443/livez")" = ok ] || fail "the node's address from a pod on it"
	[ "$(kubectl_from bastion get --raw /livez)" = ok ] || fail "kubectl on the bastion"
}

# The cluster is left alone for that long, but for being asked. seconds: KM_HEALTHY, 30 in the short form
# bats test_tags=guard, short
@test "the cluster stays healthy; strangers are refused on every guarded port, IPv4 and IPv6" {
	client_pod cp
	client_pod worker
	RESTARTS=$(restarts)
	throughout "${KM_HEALTHY:-180}" cluster_lives
	gets_everywhere stranger refused
	let_in_everywhere cp
	sees stranger refused "$CP:9475"
	k exec client-worker -- curl -s --max-time 5 "http://$CP:9475/metrics" | grep -q '^kubemoat_build_info'
	k delete pod client-cp client-worker > "$T/delete"
}

# bats test_tags=guard
@test "the API without TLS, by kubectl proxy on all addresses: reached from the node, refused from outside" {
	mode=enforce
	[ -z "$KM_WITHOUT_GUARD" ] || mode=audit
	sed "s/# insecure: {}/insecure: {}/; s/^mode: audit/mode: $mode/" \
		"$KM_ROOT/deploy/kubernetes/base/config/kubemoat.yaml" > "$T/kubemoat.yaml"
	edit insecure.allow <<< '# nobody but the node itself'
	edit kubemoat.yaml < "$T/kubemoat.yaml"
	nudge
	within 10 km explain insecure 127.0.0.1
	service cp proxy "$PROGRAMS/kubectl" --kubeconfig "$STATE/kube/admin.conf" proxy --port=8080 '--address=[::]' --accept-hosts=.\*
	within 10 browses cp served http://127.0.0.1:8080/version
	browses cp served "http://$CP:8080/version"
	for host in bastion stranger worker; do
		browses "$host" refused "http://$CP:8080/version"
		browses "$host" refused "http://[$CP6]:8080/version"
	done
	service_stop cp proxy
}

@test "the privileged variant is healthy too, and the lesser one takes over from it" {
	deployed enforce "$KM_ROOT/deploy/kubernetes/privileged"
	[ "$(kn get pod "$(pod)" -o jsonpath='{.spec.containers[0].securityContext.privileged}')" = true ]
	gets stranger refused "$CP:6443"
	deployed enforce
	[ "$(capabilities)" = 'cap_net_admin,cap_sys_ptrace,cap_sys_admin' ]
	gets stranger refused "$CP:6443"
}

# Of the daemon, as the kernel has them.
capabilities() {
	capsh --decode="$(awk '/^CapEff/ { print $2 }' "/proc/$(km status -o json | jq .daemon.pid)/status")" | cut -d = -f 2
}
