# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# A kubemoat whose layout differs in nearly every map.

OTHER=$KM_ROOT/build/layout/kubemoat

# Once a file: in its setup_file.
other_build() {
	make -C "$KM_ROOT" --no-print-directory -s B=build/layout LAYOUT_TEST=1
}

# As km, by the other one.
other() {
	"$OTHER" -n "$NAME" -c "$CONF" --bpffs "$BPFFS" --netns "/run/netns/$KM_NETNS-host" "$@"
}
