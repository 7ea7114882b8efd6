# SPDX-License-Identifier: BSD-2-Clause
# Debian's kernels, fetched once into KM_CACHE (/var/cache/kubemoat).

# shellcheck source=scripts/lib/archive.bash
source scripts/lib/archive.bash

# Where a release's newest kernel is.
source_of() {
	case $1 in
	bullseye | bookworm | trixie) archive_security "$1" ;;
	*) archive_main "$1" ;;
	esac
}

# fetch RELEASE ARCH DIRECTORY: leaves there vmlinuz-VERSION and the modules that it takes.
fetch() {
	archive_keep "$3" fetch_into "$1" "$2"
}

fetch_into() {
	local release=$1 arch=$2 dir=$3 image packages package

	archive_open "$dir/archive" "${arch%-16k}" "$(source_of "$release")" || return
	image=$(depends "linux-image-$arch" 'linux-image-[0-9]') || return
	# One package; in newer releases it stands for two, one with the kernel and one with its modules.
	packages=$(depends "$image" 'linux-(binary|modules)-[0-9]') || packages=$image
	mkdir "$dir/unpacked" || return
	for package in $packages; do
		archive_download "$dir/archive" "$package" || return
		dpkg-deb --fsys-tarfile "$dir/archive/$package"_*.deb | tar -x -C "$dir/unpacked" --wildcards \
			--transform 's|.*/||' '*/vmlinuz*' '*/veth.ko*' '*/inet_diag.ko*' '*/tcp_diag.ko*' 2>/dev/null
	done
	# Newer ones are compressed.
	find "$dir/unpacked" -name '*.ko.xz' -exec xz -d {} + || return
	mv "$dir"/unpacked/*.ko "$dir" && mv "$dir"/unpacked/vmlinuz* "$dir/vmlinuz-${image#linux-image-}" || return
	rm -rf "$dir"/{unpacked,archive}
}

# depends PACKAGE PATTERN: those of its dependencies whose names match. After archive_open.
depends() {
	apt-cache "${archive_apt[@]}" depends "$1" | awk -v name="^$2" '$1 == "Depends:" && $2 ~ name { print $2 }' | grep .
}
