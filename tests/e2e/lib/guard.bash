# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# What every end-to-end test stands on: loads the other parts, sets a test up and takes it down again.
#
# A test tagged `guard` shows that the guard does something: it must fail without it. With KM_WITHOUT_GUARD=1 the verbs
# that change what is in force do nothing and succeed, so that such a test fails at what a client saw (scripts/prove).

bats_require_minimum_version 1.5.0

KM_ROOT=$(cd "${BASH_SOURCE[0]%/*}/../../.." && pwd)
KM=${KM:-$KM_ROOT/build/kubemoat}
TOOLS=$KM_ROOT/build/tests/tools
BPFFS=/sys/fs/bpf

# shellcheck source=tests/e2e/lib/wait.bash
source "${BASH_SOURCE[0]%/*}/wait.bash"
# shellcheck source=tests/e2e/lib/net.bash
source "${BASH_SOURCE[0]%/*}/net.bash"
# shellcheck source=tests/e2e/lib/clients.bash
source "${BASH_SOURCE[0]%/*}/clients.bash"
# shellcheck source=tests/e2e/lib/servers.bash
source "${BASH_SOURCE[0]%/*}/servers.bash"

# A host, a client and a stranger, each in its own network namespace, and an empty directory for the configuration.
guard_setup() {
	T=$BATS_TEST_TMPDIR
	CONF=$T/conf
	NAME=e2e-$$-$BATS_TEST_NUMBER
	KM_NETNS=km-$$-$BATS_TEST_NUMBER
	mkdir -p "$CONF"
	: > "$T/pids"
	net_setup
}

# Whatever became of the test: no process, pin, kept file, cgroup or namespace of it stays.
guard_teardown() {
	KM_WITHOUT_GUARD='' km unload > "$T/unload" 2>&1 || cat "$T/unload"
	stop_all
	rm -rf "/var/lib/kubemoat/$NAME"
	cgroup_remove
	net_teardown
}

# kubemoat on this test's instance, for the host's namespace.
km() {
	case " $* " in
	*" load "* | *" reload "* | *" unload "*) [ -z "$KM_WITHOUT_GUARD" ] || return 0 ;;
	esac
	"$KM" -n "$NAME" -c "$CONF" --bpffs "$BPFFS" --netns "/run/netns/$KM_NETNS-host" "$@"
}

# The daemon, until it says itself that it is there. Its output is in $T/daemon.out and .err, its process in $DAEMON.
daemon_start() {
	[ -z "$KM_WITHOUT_GUARD" ] || return 0
	spawn daemon "$KM" -n "$NAME" -c "$CONF" --bpffs "$BPFFS" --netns "/run/netns/$KM_NETNS-host" "$@" run
	DAEMON=$SPAWNED
	within 5 daemon_is "$DAEMON"
}

daemon_is() {
	[ "$(km status -o json | jq .daemon.pid)" = "$1" ]
}

# Ends the daemon by that signal and waits until it is gone.
daemon_stop() {
	[ -z "$KM_WITHOUT_GUARD" ] || return 0
	kill "-${1:-TERM}" "$DAEMON"
	within 5 gone "$DAEMON"
}

# config <<< text, and allow SERVICE RULE...: the files that a test is about. Each is complete when it is there: a daemon
# takes one that is written in place for empty, if the machine stands still for a second in between.
config() {
	cat > "$CONF/.written"
	mv -T "$CONF/.written" "$CONF/kubemoat.yaml"
}

allow() {
	local service=$1
	shift
	printf '%s\n' "$@" > "$CONF/.written"
	mv -T "$CONF/.written" "$CONF/$service.allow"
}

# That second of the clock as `until` has it. moment EPOCH
moment() {
	date -u -d "@$1" +%FT%TZ
}

# One service in enforce mode with these rules: the shortest configuration. guard_one SERVICE PORT RULE...
guard_one() {
	config <<< "version: 1
mode: enforce
services:
  $1: {ports: [$2]}"
	allow "$1" "${@:3}"
}

# The count of one verdict and reason, as JSON has it. counted SERVICE VERDICT REASON
counted() {
	km stats -o json | jq --arg s "$1" --arg v "$2" --arg r "$3" \
		'.services[] | select(.name == $s) | .counters[] | select(.verdict == $v and .reason == $r) | .count'
}

expect_count() {
	local count
	count=$(counted "$1" "$2" "$3")
	[ "$count" = "$4" ] || fail "$1 $2 $3: counted ${count:-nothing}, expected $4"
}

# A client that is listed and a stranger that is not, connecting in the background for that long. streams SECONDS
streams() {
	stream client client "$1" "$HOST4:6443"
	stream stranger stranger "$1" "$HOST4:6443"
}

# Waits for their end: no verdict was wrong, and each is counted, as are no others.
streams_are_counted() {
	streamed client served
	streamed stranger refused
	expect_count apiserver allow allowed "$(jq .total "$T/stream-client.out")"
	expect_count apiserver deny denied_source "$(jq .total "$T/stream-stranger.out")"
}

# Fails unless the command ends with that code. Its output is in $T/output, its errors in $T/errors. exits CODE COMMAND...
exits() {
	local code=$1 got=0
	shift
	"$@" > "$T/output" 2> "$T/errors" || got=$?
	[ "$got" = "$code" ] || fail "$*: exit $got, expected $code
$(cat "$T/output" "$T/errors")"
}

# Fails unless the last command of `exits` said each of these texts. told TEXT...
told() {
	local text
	for text; do
		cat "$T/output" "$T/errors" | grep -qF -e "$text" || fail "\"$text\" missing in:
$(cat "$T/output" "$T/errors")"
	done
}

# exits, and what went wrong is said in exactly one line that has all these words. refuses CODE "words" COMMAND...
refuses() {
	local code=$1 words=$2
	shift 2
	exits "$code" "$@"
	[ "$(wc -l < "$T/errors")" = 1 ] || fail "$*: one line expected, got: $(< "$T/errors")"
	# shellcheck disable=SC2086 # a list of words
	told $words
}

generation() {
	km status -o json | jq .generation
}

newer_than() {
	[ "$(generation)" -gt "$1" ]
}

generation_is() {
	[ "$(generation)" = "$1" ]
}

has_problem() {
	[[ " $(problem_kinds) " == *" $1 "* ]]
}

# How often a daemon saw that kind of problem come. noticed KIND
noticed() {
	km status -o json | jq ".noticed.$1"
}

noticed_is() {
	[ "$(noticed "$2")" = "$1" ]
}

problem_kinds() {
	km status -o json | jq -r '[.problems[].kind] | sort | unique | join(" ")'
}

healthy() {
	km status > "$T/status" && return
	fail "not healthy: $(cat "$T/status")"
}

# A cgroup of the test's own, at $CGROUP.
cgroup_make() {
	CGROUP=$(awk '$0 ~ / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)/$NAME
	mkdir -p "$CGROUP"
}

# Becomes that command, in the test's cgroup: for background processes and subshells.
in_cgroup() {
	echo "$BASHPID" > "$CGROUP/cgroup.procs" && exec "$@"
}

cgroup_remove() {
	[ -z "$CGROUP" ] || find "$CGROUP" -depth -type d -exec rmdir {} \; 2> /dev/null || true
}
