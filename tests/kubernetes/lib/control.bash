# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What runs on a node: containerd, kubelet and kube-proxy as daemons, the control plane as static pods of the kubelet.

containerd_start() {
	local node=$1 root
	root=$(root_of "$node")
	mkdir -p "$root/etc/containerd" "$root/etc/cni/net.d"
	# Without CAP_SYS_RESOURCE, as in many containers, the OOM score of a pod cannot be lowered.
	cat > "$root/etc/containerd/config.toml" <<- END
		version = 2
		root = "$STATE/$node/containerd"
		state = "/run/containerd"
		oom_score = 0
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/box:1"
		  disable_apparmor = true
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "/usr/lib/cni"
	END
	cat > "$root/etc/cni/net.d/10-cluster.conflist" <<- END
		{"cniVersion": "0.4.0", "name": "cluster", "plugins": [
		 {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
		  "ipam": {"type": "host-local", "ranges": [[{"subnet": "${NODE_PODS[$node]}"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
		 {"type": "portmap", "capabilities": {"portMappings": true}}]}
	END
	service "$node" containerd containerd
	within 20 inside "$node" ctr version
}

image_import() {
	inside "$1" ctr -n k8s.io images import - < "$2" >> "$STATE/$1/log/images"
}

kubelet_configure() {
	local node=$1 root
	root=$(root_of "$node")
	mkdir -p "$root/etc/kubernetes/manifests" "$root/var/lib/kubelet"
	cp -r "$STATE/pki" "$root/etc/kubernetes/"
	cp "$STATE/kube/kubelet-$node.conf" "$root/etc/kubernetes/kubelet.conf"
	cp "$STATE"/kube/{controller-manager,scheduler,kube-proxy}.conf "$root/etc/kubernetes/"
	echo "nameserver 10.96.0.10" > "$root/etc/kubernetes/resolv.conf"
	cat > "$root/var/lib/kubelet/config.yaml" <<- END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
		authorization: {mode: Webhook}
		cgroupDriver: cgroupfs
		failSwapOn: false
		staticPodPath: /etc/kubernetes/manifests
		clusterDomain: cluster.local
		clusterDNS: [10.96.0.10]
		evictionHard: {memory.available: 50Mi, nodefs.available: "1%", imagefs.available: "1%"}
		imageGCHighThresholdPercent: 100
		resolvConf: /etc/kubernetes/resolv.conf
	END
	cat > "$root/var/lib/kubelet/kube-proxy.yaml" <<- END
		apiVersion: kubeproxy.config.k8s.io/v1alpha1
		kind: KubeProxyConfiguration
		mode: iptables
		clusterCIDR: $PODS
		hostnameOverride: $node
		clientConnection: {kubeconfig: /etc/kubernetes/kube-proxy.conf}
		conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
	END
}

kubelet_start() {
	service "$1" kubelet "$PROGRAMS/kubelet" --config=/var/lib/kubelet/config.yaml \
		--kubeconfig=/etc/kubernetes/kubelet.conf --hostname-override="$1" --node-ip="192.0.2.${PART[$1]}" \
		--container-runtime=remote --container-runtime-endpoint=unix:///run/containerd/containerd.sock
}

kube_proxy_start() {
	service "$1" kube-proxy "$PROGRAMS/kube-proxy" --config=/var/lib/kubelet/kube-proxy.yaml
}

# A pod of the control plane with the host's network, as kubeadm makes it, from this machine's programs. It is probed
# at SCHEME:HOST:PORT/PATH. static_pod NAME PROBE COMMAND...
static_pod() {
	local name=$1 scheme host port path manifests
	IFS=, read -r scheme host port path <<< "$2"
	shift 2
	manifests=$(root_of cp)/etc/kubernetes/manifests
	jq -n --arg name "$name" --arg scheme "$scheme" --arg host "$host" --argjson port "$port" --arg path "$path" '
		["/usr", "/lib", "/lib64", "/etc/kubernetes", "/var/lib/etcd", "'"$PROGRAMS"'"] as $dirs | {
			apiVersion: "v1", kind: "Pod",
			metadata: {name: $name, namespace: "kube-system", labels: {component: $name, tier: "control-plane"}},
			spec: {
				hostNetwork: true, priorityClassName: "system-node-critical",
				containers: [{
					name: $name, image: "localhost/box:1", imagePullPolicy: "Never", command: $ARGS.positional,
					livenessProbe: {
						httpGet: {scheme: $scheme, host: $host, port: $port, path: $path},
						initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 15, failureThreshold: 8
					},
					volumeMounts: [range($dirs | length) | {name: "v\(.)", mountPath: $dirs[.]}]
				}],
				volumes: [range($dirs | length) | {name: "v\(.)", hostPath: {path: $dirs[.]}}]
			}
		}' --args -- "$@" > "$STATE/$name.json"
	# The kubelet reads a manifest as soon as it is there: it has to be there as a whole.
	cp "$STATE/$name.json" "$manifests/.$name" && mv "$manifests/.$name" "$manifests/$name.yaml"
}

control_plane_start() {
	local pki=/etc/kubernetes/pki
	chmod 700 "$(root_of cp)/var/lib/etcd"
	static_pod etcd HTTP,127.0.0.1,2381,/health etcd --name cp --data-dir /var/lib/etcd \
		--listen-client-urls "https://127.0.0.1:2379,https://$CP:2379,https://[$CP6]:2379" \
		--advertise-client-urls "https://$CP:2379" --listen-peer-urls "https://$CP:2380,https://[$CP6]:2380" \
		--initial-advertise-peer-urls "https://$CP:2380" --initial-cluster "cp=https://$CP:2380" \
		--listen-metrics-urls http://127.0.0.1:2381 \
		--client-cert-auth --trusted-ca-file $pki/etcd/ca.crt --cert-file $pki/etcd/server.crt --key-file $pki/etcd/server.key \
		--peer-client-cert-auth --peer-trusted-ca-file $pki/etcd/ca.crt --peer-cert-file $pki/etcd/peer.crt \
		--peer-key-file $pki/etcd/peer.key
	static_pod kube-apiserver "HTTPS,$CP,6443,/livez" "$PROGRAMS/kube-apiserver" \
		--advertise-address="$CP" --secure-port=6443 --etcd-servers=https://127.0.0.1:2379 \
		--etcd-cafile=$pki/etcd/ca.crt --etcd-certfile=$pki/apiserver-etcd-client.crt \
		--etcd-keyfile=$pki/apiserver-etcd-client.key --service-cluster-ip-range="$SERVICES" \
		--authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --allow-privileged=true \
		--client-ca-file=$pki/ca.crt --tls-cert-file=$pki/apiserver.crt --tls-private-key-file=$pki/apiserver.key \
		--kubelet-client-certificate=$pki/apiserver-kubelet-client.crt --kubelet-client-key=$pki/apiserver-kubelet-client.key \
		--kubelet-preferred-address-types=InternalIP --service-account-issuer=https://kubernetes.default.svc \
		--service-account-key-file=$pki/sa.pub --service-account-signing-key-file=$pki/sa.key \
		--requestheader-client-ca-file=$pki/front-proxy-ca.crt --requestheader-allowed-names=front-proxy-client \
		--requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
		--requestheader-extra-headers-prefix=X-Remote-Extra- \
		--proxy-client-cert-file=$pki/front-proxy-client.crt --proxy-client-key-file=$pki/front-proxy-client.key
	static_pod kube-controller-manager HTTPS,127.0.0.1,10257,/healthz "$PROGRAMS/kube-controller-manager" \
		--kubeconfig=/etc/kubernetes/controller-manager.conf --authentication-kubeconfig=/etc/kubernetes/controller-manager.conf \
		--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf --bind-address=127.0.0.1 --leader-elect=true \
		--allocate-node-cidrs=true --cluster-cidr="$PODS" --service-cluster-ip-range="$SERVICES" \
		--cluster-signing-cert-file=$pki/ca.crt --cluster-signing-key-file=$pki/ca.key --root-ca-file=$pki/ca.crt \
		--service-account-private-key-file=$pki/sa.key --use-service-account-credentials=true \
		--client-ca-file=$pki/ca.crt --requestheader-client-ca-file=$pki/front-proxy-ca.crt
	static_pod kube-scheduler HTTPS,127.0.0.1,10259,/healthz "$PROGRAMS/kube-scheduler" \
		--kubeconfig=/etc/kubernetes/scheduler.conf --authentication-kubeconfig=/etc/kubernetes/scheduler.conf \
		--authorization-kubeconfig=/etc/kubernetes/scheduler.conf --bind-address=127.0.0.1 --leader-elect=true
}
