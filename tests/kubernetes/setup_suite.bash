# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Before the first test: the image of this tree is on both nodes. The cluster is scripts/e2e-kubernetes'.

setup_suite() {
	# shellcheck source=tests/kubernetes/lib/guard.bash
	source "$BATS_TEST_DIRNAME/lib/guard.bash"
	for node in "${NODES[@]}"; do
		image_import "$node" "$KM_ROOT/build/kubemoat-image.tar"
	done
}
