# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The programs of Kubernetes, built once from Debian's own source package with Debian's Go into KM_CACHE.

KUBERNETES=1.20.2
PROGRAMS=${KM_CACHE:-/var/cache/kubemoat}/kubernetes-$KUBERNETES
PROGRAM_NAMES=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl)

# The mirror that this machine is set up to use, in either format of apt's sources.
debian_mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2> /dev/null | awk '
		!/^[ \t]*#/ && match($0, /https?:\/\/[^] ]+\/debian\/?([ \t]|$)/) && !found {
			found = substr($0, RSTART, RLENGTH)
		}
		END { print found ? found : "http://deb.debian.org/debian" }'
}

# The source package, unpacked as $1/kubernetes. Apt works in $1 alone, apart from the machine's own lists.
programs_fetch() {
	local dir=$1
	local apt=(-qq -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir" -o APT::Sandbox::User=root
		-o Acquire::Retries=2 -o Acquire::http::Timeout=30)

	mkdir -p "$dir/lists/partial" "$dir/archives/partial" || return
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(debian_mirror) bookworm main" \
		> "$dir/sources.list"
	apt-get "${apt[@]}" update || return
	(cd "$dir" && apt-get "${apt[@]}" source kubernetes) || return
	mv "$dir"/kubernetes-"${KUBERNETES%.*}"*/ "$dir/kubernetes"
}

# The one generated file that the package does not carry. Runs in the source tree.
programs_generate() {
	local generator=$1/openapi-gen packages

	go build -o "$generator" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen || return
	packages=$(grep -rl --include='*.go' '+k8s:openapi-gen=' cmd pkg staging |
		grep -v -e '^staging/src/k8s.io/code-generator/' -e '^staging/src/k8s.io/sample-apiserver/' |
		xargs -n 1 dirname | sort -u |
		sed 's,^staging/src/,k8s.io/kubernetes/vendor/,; t; s,^,k8s.io/kubernetes/,' | paste -sd ,)
	"$generator" --v 0 --logtostderr -i "$packages" -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
		-h vendor/k8s.io/code-generator/hack/boilerplate.go.txt -r "$1/violations"
}

# Go finds the tree at $1/go/src/k8s.io/kubernetes: its go.mod is not one that Go 1.19 takes with vendored packages.
programs_compile() {
	local dir=$1 tree=$1/go/src/k8s.io/kubernetes reflect flags='-s -w' package
	local -x PATH=/usr/lib/go-1.19/bin:$PATH GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOPATH=$dir/go GOCACHE=$dir/cache HOME=$dir

	mkdir -p "${tree%/*}" && mv "$dir/kubernetes" "$tree" || return
	# The vendored reflect2 crashes with Go 1.18 and later; Debian packages the release that does not.
	reflect=$tree/vendor/github.com/modern-go/reflect2
	rm -rf "$reflect" && cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 "$reflect" || return
	for package in component-base/version client-go/pkg/version; do
		package=k8s.io/kubernetes/vendor/k8s.io/$package
		flags+=" -X $package.gitVersion=v$KUBERNETES -X $package.gitMajor=1 -X $package.gitMinor=20 -X $package.gitTreeState=clean"
	done
	cd "$tree" || return
	programs_generate "$dir" || return
	go build -trimpath -ldflags "$flags" -o "$dir/bin/" "${PROGRAM_NAMES[@]/#/./cmd/}"
}

# Leaves the programs in $PROGRAMS, all of them or none. About six minutes and 3 GB on two cores; 0.5 GB stay.
programs_build() {
	local dir=$PROGRAMS.building log

	[ ! -e "$PROGRAMS/kubelet" ] || return 0
	log=$PROGRAMS.log
	rm -rf "$dir"
	mkdir -p "$dir"
	if ! (programs_fetch "$dir" && programs_compile "$dir") > "$log" 2>&1; then
		tail -n 20 "$log" >&2
		echo "kubernetes: cannot be built in $dir; the whole output: $log" >&2
		return 1
	fi
	rm -rf "$PROGRAMS"
	mv "$dir/bin" "$PROGRAMS"
	chmod -R u+w "$dir"
	rm -rf "$dir" "$log"
}
