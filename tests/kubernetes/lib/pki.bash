# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Keys, certificates and kubeconfigs, named and laid out as kubeadm does, in $STATE/pki and $STATE/kube.

pki() {
	openssl "$@" 2>> "$STATE/openssl.log"
}

# authority NAME COMMON-NAME
authority() {
	pki req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj "/CN=$2" \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,digitalSignature,keyCertSign \
		-keyout "$1.key" -out "$1.crt"
}

# certificate AUTHORITY NAME SUBJECT USAGE [SUBJECT-ALTERNATIVE-NAMES]
certificate() {
	local extensions="extendedKeyUsage=$4"
	[ $# -lt 5 ] || extensions+=$'\n'"subjectAltName=$5"
	pki req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$3" -keyout "$2.key" -out "$2.csr" &&
		pki x509 -req -in "$2.csr" -CA "$1.crt" -CAkey "$1.key" -CAcreateserial -days 30 \
			-extfile <(echo "$extensions") -out "$2.crt" && rm "$2.csr"
}

# A client of the API server: its name and group are the subject. kubeconfig NAME SUBJECT
kubeconfig() {
	local file=$STATE/kube/$1
	certificate ca "$file" "$2" clientAuth || return
	cat > "$file.conf" <<- END
		apiVersion: v1
		kind: Config
		clusters: [{name: cluster, cluster: {server: "https://$CP:6443", certificate-authority-data: $(base64 -w 0 ca.crt)}}]
		users: [{name: user, user: {client-certificate-data: $(base64 -w 0 "$file.crt"), client-key-data: $(base64 -w 0 "$file.key")}}]
		contexts: [{name: context, context: {cluster: cluster, user: user}}]
		current-context: context
	END
}

pki_make() (
	set -e
	mkdir -p "$STATE/pki/etcd" "$STATE/kube"
	cd "$STATE/pki"
	host="DNS:localhost,IP:127.0.0.1,IP:::1,DNS:cp,IP:$CP,IP:$CP6"
	authority ca kubernetes
	authority front-proxy-ca front-proxy-ca
	authority etcd/ca etcd-ca
	certificate ca apiserver /CN=kube-apiserver serverAuth \
		"$host,IP:10.96.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
	certificate ca apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
	certificate front-proxy-ca front-proxy-client /CN=front-proxy-client clientAuth
	certificate etcd/ca etcd/server /CN=cp serverAuth,clientAuth "$host"
	certificate etcd/ca etcd/peer /CN=cp serverAuth,clientAuth "$host"
	certificate etcd/ca etcd/healthcheck-client /O=system:masters/CN=kube-etcd-healthcheck-client clientAuth
	certificate etcd/ca apiserver-etcd-client /O=system:masters/CN=kube-apiserver-etcd-client clientAuth
	pki genrsa -out sa.key 2048
	pki rsa -in sa.key -pubout -out sa.pub
	kubeconfig admin /O=system:masters/CN=kubernetes-admin
	kubeconfig controller-manager /CN=system:kube-controller-manager
	kubeconfig scheduler /CN=system:kube-scheduler
	kubeconfig kube-proxy /CN=system:kube-proxy
	kubeconfig kubelet-cp /O=system:nodes/CN=system:node:cp
	kubeconfig kubelet-worker /O=system:nodes/CN=system:node:worker
)
