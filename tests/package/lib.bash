# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# A Debian in a directory, with the package in it, and what its administrator does. Stands on tests/e2e/lib.

# The archive KM_CHROOT at $ROOT, the package at /kubemoat.deb of it. Outside of what bats removes: kernel file systems are
# mounted there, also after a test that failed to unmount them.
chroot_unpack() {
	ROOT=$KM_WORK/$NAME
	CONF=$ROOT/etc/kubemoat
	mkdir "$ROOT"
	tar -x -C "$ROOT" -f "$KM_CHROOT"
	cp "$KM_PACKAGE" "$ROOT/kubemoat.deb"
}

# A list, and the mode.
enforce() {
	allow apiserver "$CLIENT4"
	sed -i 's/^mode: audit/mode: enforce/' "$CONF/kubemoat.yaml"
}

# The package with a later version, and another list, at /next.deb.
next_version() {
	local tree=$T/next
	dpkg-deb -R "$KM_PACKAGE" "$tree"
	sed -i 's/^Version: .*/Version: 9999-1/' "$tree/DEBIAN/control"
	printf '# of the next version\n' >> "$tree/etc/kubemoat/kubelet.allow"
	dpkg-deb -b "$tree" "$ROOT/next.deb" > /dev/null
}

# Upgrades to it, and all the while the stranger is refused.
upgraded() {
	next_version
	spawn upgrade inside dpkg -i --force-confdef --force-confold /next.deb
	while ! gone "$SPAWNED"; do
		sees stranger refused "$HOST4:6443"
	done
	wait "$SPAWNED" || fail "$(cat "$T/upgrade.err")"
}
