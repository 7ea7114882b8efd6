# SPDX-License-Identifier: BSD-2-Clause
# What `make install` leaves, and the units' words.

ROOT=$BATS_TEST_DIRNAME/../..

@test "make install: the binary runs, the units name it and are understood" {
	make -C "$ROOT" --no-print-directory -s install PREFIX=/usr DESTDIR="$BATS_TEST_TMPDIR"
	"$BATS_TEST_TMPDIR/usr/sbin/kubemoat" --version | grep '^kubemoat '
	grep -x 'ExecStart=/usr/sbin/kubemoat load' "$BATS_TEST_TMPDIR/usr/lib/systemd/system/kubemoat-load.service"
	grep -x 'ExecStart=/usr/sbin/kubemoat run' "$BATS_TEST_TMPDIR/usr/lib/systemd/system/kubemoat.service"
	run grep -r '@PREFIX@' "$BATS_TEST_TMPDIR/usr"
	[ "$status" = 1 ]
	command -v systemd-analyze || skip "no systemd-analyze here"
	mkdir -p "$BATS_TEST_TMPDIR/etc/kubemoat" "$BATS_TEST_TMPDIR/bin"
	printf '#!/bin/sh\n' > "$BATS_TEST_TMPDIR/bin/kill"
	chmod +x "$BATS_TEST_TMPDIR/bin/kill"
	systemd-analyze verify --man=no --root "$BATS_TEST_TMPDIR" /usr/lib/systemd/system/kubemoat-load.service \
		/usr/lib/systemd/system/kubemoat.service 2>&1 | tee "$BATS_TEST_TMPDIR/said"
	run grep -E 'kubemoat.*(Unknown|Failed to parse|Invalid|ignor)' "$BATS_TEST_TMPDIR/said"
	[ "$status" = 1 ]
}
