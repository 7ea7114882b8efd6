# SPDX-License-Identifier: BSD-2-Clause
# A memory limit, as a pod has one: what does not fit is refused with both figures, nothing is killed for it.

load lib/guard

setup() {
	guard_setup
	MEMORY=
	if [ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ]; then
		MEMORY=/sys/fs/cgroup/memory/e2e-$$-$BATS_TEST_NUMBER LIMIT=memory.limit_in_bytes
	elif grep -qw memory /sys/fs/cgroup/cgroup.subtree_control 2> /dev/null; then
		MEMORY=/sys/fs/cgroup/e2e-$$-$BATS_TEST_NUMBER LIMIT=memory.max
	else
		skip "no memory controller to set a limit with"
	fi
	mkdir "$MEMORY"
}

teardown() {
	guard_teardown
	[ -z "$MEMORY" ] || within 5 rmdir "$MEMORY"
}

# limited COMMAND...: in the cgroup with the limit.
limited() {
	# shellcheck disable=SC2016 # for the inner shell
	bash -c 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"' - "$MEMORY" "$@"
}

many() {
	seq "$1" | awk '{ printf "%d.%d.%d.%d\n", 20 + int($1 / 65536) % 100, int($1 / 256) % 256, $1 % 256, 1 + $1 % 200 }'
}

@test "a million rules under 48 MiB: refused with both figures, twice, the last policy stays, nobody is killed" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	echo $((48 << 20)) > "$MEMORY/$LIMIT"
	km load
	{
		echo "$CLIENT4"
		many 1000000
	} > "$CONF/apiserver.allow"
	for _ in 1 2; do
		exits 1 limited "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" reload
		told 'need about'
		told 'limit of 48 MiB leaves'
	done
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	km status -o json > "$T/status" || true
	jq -e '.problems[] | select(.kind == "refused")' "$T/status"
}

@test "what fits is applied under the same limit" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	echo $((48 << 20)) > "$MEMORY/$LIMIT"
	km load
	{
		echo "$STRANGER4"
		many 50000
	} > "$CONF/apiserver.allow"
	exits 0 limited "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" reload
	sees stranger served "$HOST4:6443"
}
