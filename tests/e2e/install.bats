# SPDX-License-Identifier: BSD-2-Clause
# What `make install` leaves, and the units' words.

ROOT=$BATS_TEST_DIRNAME/../..

@test "make install: the binary runs, the units name it and are understood" {
	make -C "$ROOT" --no-print-directory -s install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR"
	"$BATS_TEST_TMPDIR/usr/sbin/kubemoat" --version | grep '^kubemoat '
	grep -x 'ExecStart=/usr/sbin/kubemoat load' "$BATS_TEST_TMPDIR/usr/lib/systemd/system/kubemoat-load.service"
	grep -x 'ExecStart=/usr/sbin/kubemoat run' "$BATS_TEST_TMPDIR/usr/lib/systemd/system/kubemoat.service"
	grep -x 'ExecReload=/usr/sbin/kubemoat reload' "$BATS_TEST_TMPDIR/usr/lib/systemd/system/kubemoat.service"
	run grep -r '@PREFIX@' "$BATS_TEST_TMPDIR/usr"
	[ "$status" = 1 ]
	command -v systemd-analyze || skip "no systemd-analyze here"
	mkdir -p "$BATS_TEST_TMPDIR/etc/kubemoat"
	systemd-analyze verify --man=no --root "$BATS_TEST_TMPDIR" /usr/lib/systemd/system/kubemoat-load.service \
		/usr/lib/systemd/system/kubemoat.service 2>&1 | tee "$BATS_TEST_TMPDIR/said"
	run grep -E 'kubemoat.*(Unknown|Failed to parse|Invalid|ignor)' "$BATS_TEST_TMPDIR/said"
	[ "$status" = 1 ]
}

@test "make install: manual pages with the version, and the completion under the name of the command" {
	make -C "$ROOT" --no-print-directory -s install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR"
	version=$("$BATS_TEST_TMPDIR/usr/sbin/kubemoat" --version)
	for page in man8/kubemoat.8 man5/kubemoat.yaml.5 man5/kubemoat.allow.5; do
		grep -xF ".Os $version" "$BATS_TEST_TMPDIR/usr/share/man/$page"
	done
	bash -n "$BATS_TEST_TMPDIR/usr/share/bash-completion/completions/kubemoat"
}

@test "the daemon's unit is exposed no more than what the guard needs: systemd-analyze security" {
	command -v systemd-analyze || skip "no systemd-analyze here"
	make -C "$ROOT" --no-print-directory -s install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR"
	systemd-analyze security --no-pager --offline=yes --threshold=35 \
		"$BATS_TEST_TMPDIR/usr/lib/systemd/system/kubemoat.service"
}
