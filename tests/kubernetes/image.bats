# SPDX-License-Identifier: BSD-2-Clause
# What is in the image.

load lib/guard

setup() {
	guard_setup
	tar -x -C "$T" -f "$KM_ROOT/build/kubemoat-image.tar"
	manifest=$T/blobs/sha256/$(jq -r '.manifests[0].digest | split(":")[1]' "$T/index.json")
	config=$T/blobs/sha256/$(jq -r '.config.digest | split(":")[1]' "$manifest")
}

# bats test_tags=short
@test "the binary and its licence, nothing else, under 5 MB; labels say what it is" {
	[ "$(stat -c %s "$KM_ROOT/build/kubemoat-image.tar")" -lt 5000000 ]
	jq -r '.layers[].digest | split(":")[1]' "$manifest" | while read -r layer; do
		tar -t -f "$T/blobs/sha256/$layer"
	done | grep -v '/$' | sort -u > "$T/files"
	diff "$T/files" - <<- END
		usr/sbin/kubemoat
		usr/share/doc/kubemoat/LICENSE
	END
	[ "$(jq -r '.config.Labels["org.opencontainers.image.title"]' "$config")" = kubemoat ]
	[ "$(jq -r '.config.Labels["org.opencontainers.image.licenses"]' "$config")" = 'BSD-2-Clause AND GPL-2.0-only' ]
	[ "$(jq -r '.config.Labels["org.opencontainers.image.version"]' "$config")" = "$("$KM" --version | cut -d ' ' -f 2)" ]
	[ "$(jq -rc '.config.Entrypoint + .config.Cmd' "$config")" = '["/usr/sbin/kubemoat","run"]' ]
}
