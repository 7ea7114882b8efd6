# SPDX-License-Identifier: BSD-2-Clause
# Debian's archive for any release and architecture, by apt, but apart from the machine's own lists and architecture.

# archive_mirror ARCHIVE HOST: the mirror of "debian" or "debian-security" that this machine is set up to use, in either
# format of apt's sources; or that host's.
archive_mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null | awk -v archive="/$1/?\$" \
		-v otherwise="http://$2/$1" '
		!/^[ \t]*#/ {
			for (i = 1; i <= NF; i++)
				if ($i ~ /^https?:/ && $i ~ archive && !found)
					found = $i
		}
		END { print found ? found : otherwise }'
}

# archive_main RELEASE, archive_security RELEASE: mirror, suite and component.
archive_main() {
	echo "$(archive_mirror debian deb.debian.org) $1 main"
}

archive_security() {
	echo "$(archive_mirror debian-security security.debian.org) $1-security main"
}

# archive_keep DIRECTORY COMMAND...: makes DIRECTORY, unless it is there, of what COMMAND leaves in a new one, its last
# argument: kept only when whole.
archive_keep() {
	local kept=$1 dir
	shift

	[ ! -e "$kept" ] || return 0
	mkdir -p "${kept%/*}" && dir=$(mktemp -d "$kept.XXXXXX") && chmod 755 "$dir" || return
	"$@" "$dir" && mv -T "$dir" "$kept"
	local status=$?
	rm -rf "$dir"
	return "$status"
}

# archive_open DIRECTORY ARCH SOURCE...: reads the lists of these sources into DIRECTORY. What apt then has to be told is
# in archive_apt.
archive_open() {
	local dir=$1 arch=$2
	shift 2

	archive_apt=(-qq -o "Dir::Etc::SourceList=$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$dir/lists" -o "Dir::Cache=$dir" -o APT::Sandbox::User=root
		-o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
		-o Acquire::Retries=2 -o Acquire::http::Timeout=30)
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" || return
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s\n' "$@" >"$dir/sources.list"
	apt-get "${archive_apt[@]}" update
}

# archive_download DIRECTORY PACKAGE...: the files of these packages into DIRECTORY.
archive_download() {
	local dir=$1
	shift

	(cd "$dir" && apt-get "${archive_apt[@]}" download "$@")
}
