# SPDX-License-Identifier: BSD-2-Clause
# docs/kubernetes.md, command by command.

load lib/guard
load lib/page

setup() { guard_setup; }
teardown() { guard_teardown; }

# Nothing of the guard's is on the cluster.
nothing_deployed() {
	k delete namespace kubemoat --ignore-not-found > "$T/delete"
	km_on_node unload > "$T/unload"
}

# bats test_tags=guard, short
@test "from nothing to audit to enforcing" {
	nothing_deployed
	if [ -n "$KM_WITHOUT_GUARD" ]; then
		deployed audit
	else
		page_walk kubernetes.md 'From nothing to enforcing'
	fi
	gets_everywhere stranger refused
	let_in_everywhere cp
}

@test "the way out when the API server cannot be reached" {
	deployed enforce
	page_walk kubernetes.md 'When the API server cannot be reached'
	within 30 km_on_node explain apiserver 192.0.2.30
	gets stranger refused "$CP:6443"
}
