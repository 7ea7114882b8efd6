# SPDX-License-Identifier: BSD-2-Clause
# Debian's kernels, fetched once, by apt but apart from the machine's own lists, into KM_CACHE (/var/cache/kubemoat).

# mirror ARCHIVE HOST: the mirror of "debian" or "debian-security" that this machine is set up to use, in either format
# of apt's sources; or that host's.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | awk -v archive="/$1/?\$" \
		-v otherwise="http://$2/$1" '
		!/^[ \t]*#/ {
			for (i = 1; i <= NF; i++)
				if ($i ~ /^https?:/ && $i ~ archive && !found)
					found = $i
		}
		END { print found ? found : otherwise }'
}

# Where a release's newest kernel is: mirror, suite and component.
source_of() {
	case $1 in
	bullseye | bookworm) echo "$(mirror debian-security security.debian.org) $1-security main" ;;
	*) echo "$(mirror debian deb.debian.org) $1 main" ;;
	esac
}

# fetch RELEASE ARCH DIRECTORY: leaves there vmlinuz-VERSION and the modules that it takes.
fetch() {
	local release=$1 arch=$2 kept=$3 dir

	[ ! -e "$kept" ] || return 0
	mkdir -p "${kept%/*}" && dir=$(mktemp -d "$kept.XXXXXX") || return
	# Kept only when whole.
	fetch_into "$release" "$arch" "$dir" && mv -T "$dir" "$kept"
	local status=$?
	rm -rf "$dir"
	return "$status"
}

fetch_into() {
	local release=$1 arch=$2 dir=$3 image packages package
	local apt=(-qq -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir" -o APT::Sandbox::User=root
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
		-o Acquire::Retries=2 -o Acquire::http::Timeout=30)

	mkdir -p "$dir/lists/partial" "$dir/archives/partial" || return
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(source_of "$release")" >"$dir/sources.list"
	apt-get "${apt[@]}" update || return
	image=$(depends "linux-image-$arch" 'linux-image-[0-9]') || return
	# One package; in newer releases it stands for two, one with the kernel and one with its modules.
	packages=$(depends "$image" 'linux-(binary|modules)-[0-9]') || packages=$image
	mkdir "$dir/unpacked" || return
	for package in $packages; do
		(cd "$dir" && apt-get "${apt[@]}" download "$package") || return
		dpkg-deb --fsys-tarfile "$dir/$package"_*.deb | tar -x -C "$dir/unpacked" --wildcards \
			--transform 's|.*/||' '*/vmlinuz*' '*/veth.ko*' '*/inet_diag.ko*' '*/tcp_diag.ko*' 2>/dev/null
		rm "$dir/$package"_*.deb || return
	done
	# Newer ones are compressed.
	find "$dir/unpacked" -name '*.ko.xz' -exec xz -d {} + || return
	mv "$dir"/unpacked/*.ko "$dir" && mv "$dir"/unpacked/vmlinuz* "$dir/vmlinuz-${image#linux-image-}" || return
	rm -rf "$dir"/{unpacked,lists,archives,sources.list} "$dir"/*.bin
}

# depends PACKAGE PATTERN: those of its dependencies whose names match, by the caller's "${apt[@]}".
depends() {
	apt-cache "${apt[@]}" depends "$1" | awk -v name="^$2" '$1 == "Depends:" && $2 ~ name { print $2 }' | grep .
}
