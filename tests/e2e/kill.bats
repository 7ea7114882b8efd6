# SPDX-License-Identifier: BSD-2-Clause
# SIGKILL at every system call of a change: afterwards the old or the new state is in force, never neither, and the next
# start is clean. KM_KILLS=all tries every call (make soak), else so many of them, evenly spread (default 25 a test).

load lib/guard
load lib/layout

setup_file() { other_build; }
setup() { guard_setup; }
teardown() { guard_teardown; }

# The command itself, which strace runs, for `km VERB` or `other VERB`: in COMMAND. command_of km|other VERB
command_of() {
	local binary=$KM
	[ "$1" = km ] || binary=$OTHER
	COMMAND=("$binary" -n "$NAME" -c "$CONF" --bpffs "$BPFFS" --netns "/run/netns/$KM_NETNS-host" "$2")
}

# Lines "CALL N" for every system call of COMMAND, in order, and "turn" behind those that change what is in force.
calls() {
	strace -f -o "$T/trace" "${COMMAND[@]}" > /dev/null 2>&1 || true
	sed -nE 's/^[0-9]+ +([a-z0-9_]+)\(([A-Z_]*).*/\1 \2/p' "$T/trace" | awk '
		{ print $1, ++n[$1], $2 ~ /^BPF_LINK_(CREATE|UPDATE)$/ || $1 ~ /^rename/ ? "turn" : "" }'
}

# Of those as many as are to be tried, and every turn, into $T/points.
points() {
	calls | awk -v want="${KM_KILLS:-25}" '{ line[NR] = $0 }
		END { step = want == "all" || want >= NR ? 1 : NR / want
			for (i = 1; i <= NR; i += step) pick[int(i)] = 1
			for (i = 1; i <= NR; i++) if (pick[i] || line[i] ~ /turn/) print line[i] }' > "$T/points"
}

# COMMAND, killed there: whatever it printed is of no interest. killed_at CALL N
killed_at() {
	strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:signal=KILL:when=$2" "${COMMAND[@]}" > /dev/null 2>&1 || true
}

# The next start is clean.
starts_after() {
	km load > /dev/null || fail "load after a kill at $*"
	[ -z "$(find "$BPFFS/$NAME" -name '*-new')" ] || fail "leftovers after a kill at $*"
	km status > "$T/status" || fail "after a kill at $*: $(< "$T/status")"
}

# In force, old or new: the client gets in by both, the stranger by neither.
in_force_after() {
	sees client served "$HOST4:6443"
	[ "$(outcome stranger "$HOST4:6443")" != served ] || fail "stranger served after a kill at $*"
}

outcome() {
	on "$1" "$TOOLS/client" --timeout 3000 "$2" 2> /dev/null | cut -d ' ' -f 1
}

each_kill() {
	local call n tried=0
	while read -r call n _; do
		if [ $((tried % 2)) = 0 ]; then allow apiserver "$CLIENT4" 192.0.2.1; else allow apiserver "$CLIENT4" 192.0.2.2; fi
		killed_at "$call" "$n"
		in_force_after "$call $n"
		starts_after "$call $n"
		tried=$((tried + 1))
	done < "$T/points"
	[ "$tried" -ge 20 ]
}

# Both layers judge by one list, the old or the new: the client is on one, the stranger on the other.
one_list_after() {
	local both
	both="$(outcome client "$HOST4:6443") $(outcome stranger "$HOST4:6443")"
	case $both in
	'served refused' | 'refused served') ;;
	*) fail "client and stranger see $both after a kill at $*" ;;
	esac
}

# Two lists for which the kernel's maps are of another size. a or b: a is small and has the client, b the stranger.
list() {
	if [ "$1" = a ]; then
		allow apiserver "$CLIENT4"
	else
		allow apiserver "$STRANGER4"
		cat "$T/many" >> "$CONF/apiserver.allow"
	fi
}

# each_kill_between FROM TO
each_kill_between() {
	local call n tried=0
	command_of km reload
	list "$1"
	km load
	list "$2"
	points
	while read -r call n _; do
		list "$1"
		km reload > /dev/null || fail "reload after a kill at $call $n"
		list "$2"
		killed_at "$call" "$n"
		one_list_after "$call $n"
		starts_after "$call $n"
		tried=$((tried + 1))
	done < "$T/points"
	[ "$tried" -ge 20 ]
}

prepare() {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
}

@test "reload" {
	prepare
	allow apiserver "$CLIENT4" 192.0.2.9
	command_of km reload
	points
	each_kill
}

@test "load beside what is in force" {
	prepare
	command_of km load
	points
	each_kill
}

@test "between a link and the pin of its program: status says what the link runs, the next start mends it, the one after adopts" {
	prepare
	command_of km load
	killed_at bpf "$(calls | awk '$1 == "bpf" && $3 == "turn" { print $2 + 1; exit }')"
	run -1 km status
	[[ $output == *'not the one pinned: somebody replaced it, or a start was killed halfway'* ]]
	in_force_after "the first link"
	starts_after "the first link"
	[ "$(km status -o json | jq .adopted)" = false ]
	km load
	[ "$(km status -o json | jq .adopted)" = true ]
}

@test "upgrade to another layout" {
	prepare
	command_of other load
	points
	km load
	each_kill
}

@test "reload to a list that needs larger maps, and back" {
	prepare
	awk 'BEGIN { for (i = 0; i < 20000; i++) printf "11.%d.%d.%d\n", i / 32768, i / 128 % 256, i % 128 * 2 }' > "$T/many"
	each_kill_between a b
	each_kill_between b a
}

# One of two ports is guarded, the old or the new: never neither.
one_port_after() {
	local both
	both="$(outcome stranger "$HOST4:6443") $(outcome stranger "$HOST4:6444")"
	case $both in
	'served refused' | 'refused served') ;;
	*) fail "the stranger sees $both after a kill at $*" ;;
	esac
}

@test "reload to another port, which takes other programs" {
	server_start one '[::]:6443'
	server_start other '[::]:6444'
	tried=0
	command_of km reload
	guard_one apiserver 6443 "$CLIENT4"
	km load
	guard_one apiserver 6444 "$CLIENT4"
	points
	while read -r call n _; do
		# Programs that watch both ports would do for both.
		km unload > /dev/null
		guard_one apiserver 6443 "$CLIENT4"
		km load > /dev/null || fail "load before a kill at $call $n"
		guard_one apiserver 6444 "$CLIENT4"
		killed_at "$call" "$n"
		one_port_after "$call $n"
		starts_after "$call $n"
		sees stranger refused "$HOST4:6444"
		sees stranger served "$HOST4:6443"
		tried=$((tried + 1))
	done < "$T/points"
	[ "$tried" -ge 20 ]
}

@test "upgrade to another layout with other files" {
	prepare
	: > "$T/many"
	list b
	command_of other load
	points
	while read -r call n _; do
		list a
		km load > /dev/null || fail "load after a kill at $call $n"
		list b
		killed_at "$call" "$n"
		one_list_after "$call $n"
	done < "$T/points"
}

@test "a first load: nothing or all of it after the next one, and no layer stays in the way of who is listed" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	command_of km load
	points
	while read -r call n _; do
		km unload > /dev/null
		killed_at "$call" "$n"
		sees client served "$HOST4:6443"
		starts_after "$call $n"
		sees stranger refused "$HOST4:6443"
	done < "$T/points"
}
