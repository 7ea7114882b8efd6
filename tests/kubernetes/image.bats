# SPDX-License-Identifier: BSD-2-Clause
# What is in the image, and what says so.

load lib/guard

setup() {
	guard_setup
	tar -x -C "$T" -f "$KM_ROOT/build/kubemoat-image.tar"
	manifest=$T/blobs/sha256/$(jq -r '.manifests[0].digest | split(":")[1]' "$T/index.json")
	config=$T/blobs/sha256/$(jq -r '.config.digest | split(":")[1]' "$manifest")
	mkdir "$T/root"
	jq -r '.layers[].digest | split(":")[1]' "$manifest" | while read -r layer; do
		tar -x -C "$T/root" -f "$T/blobs/sha256/$layer"
	done
	sbom=$T/root/usr/share/doc/kubemoat/sbom.spdx.json
}

# bats test_tags=short
@test "the binary, its licence and what it is made of, nothing else, under 5 MB; labels say what it is" {
	[ "$(stat -c %s "$KM_ROOT/build/kubemoat-image.tar")" -lt 5000000 ]
	(cd "$T/root" && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2) | diff - <(
		cat <<- END
			755 usr/sbin/kubemoat
			644 usr/share/doc/kubemoat/LICENSE
			644 usr/share/doc/kubemoat/sbom.spdx.json
		END
	)
	[ "$(jq -r '.config.Labels["org.opencontainers.image.title"]' "$config")" = kubemoat ]
	[ "$(jq -r '.config.Labels["org.opencontainers.image.licenses"]' "$config")" = 'BSD-2-Clause AND GPL-2.0-only' ]
	[ "$(jq -r '.config.Labels["org.opencontainers.image.version"]' "$config")" = "$("$KM" --version | cut -d ' ' -f 2)" ]
	[ "$(jq -rc '.config.Entrypoint + .config.Cmd' "$config")" = '["/usr/sbin/kubemoat","run"]' ]
}

# bats test_tags=short
@test "what it is made of: SPDX 2.3, with all that it has to have" {
	cmp "$sbom" "$KM_ROOT/build/kubemoat-image.spdx.json"
	jq -e '
		([.SPDXID] + [(.packages, .files)[].SPDXID]) as $ids
		| [.hasExtractedLicensingInfos[] | select(.extractedText != "").licenseId] as $own_licences
		| (.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT"),
		(.name | startswith("kubemoat-")),
		(.documentNamespace | test("^https://[^#]+$")),
		(.creationInfo | (.created | fromdate) > 0 and (.creators | all(test("^(Tool|Organization): .+")))),
		($ids | length == (unique | length) and all(test("^SPDXRef-[A-Za-z0-9.-]+$"))),
		(.packages[] | .name != "" and .versionInfo != "" and .downloadLocation != "" and .copyrightText != ""),
		(.packages[] | .filesAnalyzed == has("packageVerificationCode")),
		(.packages[].licenseDeclared | test("^[A-Za-z0-9.() -]+$")),
		([.packages[].licenseDeclared | scan("LicenseRef-[A-Za-z0-9.-]+")] | unique == ($own_licences | sort)),
		(.relationships[] | [.spdxElementId, .relatedSpdxElement] - $ids == []),
		any(.relationships[]; .relationshipType == "DESCRIBES" and .spdxElementId == "SPDXRef-DOCUMENT")
	' "$sbom" > "$T/answers" || fail "$(cat "$T/answers")"
	[ "$(sort -u "$T/answers")" = true ] || fail "$(cat "$T/answers")"
}

# bats test_tags=short
@test "what it is made of: the files by checksum, and each library of the link with its package" {
	jq -r '.files[] | "\(.checksums[] | select(.algorithm == "SHA256").checksumValue)  \(.fileName)"' "$sbom" > "$T/sums"
	[ "$(wc -l < "$T/sums")" = 2 ]
	(cd "$T/root" && sha256sum --check --strict "$T/sums")
	# Linked again, and the linker asked in another way.
	make -C "$KM_ROOT" --no-print-directory -s B=build/static STATIC=1 LDFLAGS='-Wl,--trace,--trace' \
		-W build/static/libkm.a build/static/kubemoat > "$T/trace" 2> /dev/null
	sed -nE 's/^\(?(\/[^()]+\.(a|o))\)?.*/\1/p' "$T/trace" | sort -u > "$T/linked"
	[ "$(grep -c '\.a$' "$T/linked")" -gt 5 ] || fail "$(cat "$T/trace")"
	while read -r file; do
		package=$(dpkg-query -S "$(realpath "$file")" | cut -d : -f 1)
		jq -e --arg package "$package" --arg file "${file##*/}" \
			--arg version "$(dpkg-query -W -f '${Version}' "$package")" '
			.packages[] | select(.name == $package and .versionInfo == $version)
			| (.comment | split(": ")[1] | split(", ") | index($file))
		' "$sbom" || fail "$file of $package is not in it"
	done < "$T/linked"
	[ "$(jq '[.relationships[] | select(.relationshipType == "STATIC_LINK")] | length' "$sbom")" = \
		"$(xargs -d '\n' realpath < "$T/linked" | xargs -d '\n' dpkg-query -S | cut -d : -f 1 | sort -u | wc -l)" ]
}

# bats test_tags=short
@test "built again, from the release archive in another directory without git: the same bytes" {
	make -C "$KM_ROOT" --no-print-directory -s dist
	version=$("$KM" --version | cut -d ' ' -f 2)
	tar -x -C "$T" -f "$KM_ROOT/build/kubemoat-$version.tar.gz"
	cd "$T/kubemoat-$version"
	(umask 077 && GIT_DIR=/nowhere TZ=Asia/Tokyo scripts/image) > "$T/again" 2>&1 || fail "$(cat "$T/again")"
	[ "$(tail -n 1 "$T/again")" = "$(jq -r '.manifests[0].digest' "$T/index.json")" ]
	cmp build/kubemoat-image.tar "$KM_ROOT/build/kubemoat-image.tar"
}
