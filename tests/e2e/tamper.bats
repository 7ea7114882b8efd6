# SPDX-License-Identifier: BSD-2-Clause
# Somebody takes the guard apart: it is noticed within two seconds, named, and what can be mended is; no count is lost,
# and what belongs to others stays theirs.

load lib/guard

PINS="state names images counters denials marks cpus packet_prog lookup_prog packet lookup"

setup() {
	guard_setup
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
}
teardown() {
	guard_teardown
	if [ "$BPFFS" = "$T/bpf" ]; then umount -l "$BPFFS" 2> /dev/null || true; fi
}

# One client of each sort, as long as both layers stand; counted_exactly knows how many.
both_as_ever() {
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	SEEN=$((SEEN + 1))
}

counted_exactly() {
	expect_count apiserver allow allowed "$SEEN"
	expect_count apiserver deny denied_source "$SEEN"
}

# The stranger gets in by no way, whichever layer is missing.
kept_out() {
	local outcome
	outcome=$(on stranger "$TOOLS/client" --timeout 300 --payload unlisted "$HOST4:6443" || true)
	[[ $outcome != served* ]] || saw stranger "$outcome" "nothing served"
	never_arrived unlisted
}

# The daemon told of that problem, and that it is gone, once each. told_once KIND
told_once() {
	[ "$(grep -c "^kubemoat: $1: " "$T/daemon.err")" = 1 ] || fail "$1: $(< "$T/daemon.err")"
	[ "$(grep -c "^kubemoat: no longer $1: " "$T/daemon.err")" = 1 ] || fail "$1: $(< "$T/daemon.err")"
	[ "$(noticed "$1")" = 1 ]
}

mended() {
	grep -q "^kubemoat: no longer $1: " "$T/daemon.err" && healthy
}

link_id() {
	bpftool -j link show pinned "$BPFFS/$NAME/$1" | jq .id
}

no_link() {
	! bpftool link show id "$1"
}

hook_of() {
	km status -o json | jq -r --arg k "$1" '[.problems[] | select(.kind == $k) | .hook] | unique | join(" ")'
}

drop_silently() {
	config <<< 'version: 1
mode: enforce
services: {apiserver: {deny: drop}}'
}

# bats test_tags=guard
@test "a detached link: told once, counted, mended within two seconds, by the program that was there" {
	for link in lookup packet; do
		daemon_start
		both_as_ever
		bpftool link detach pinned "$BPFFS/$NAME/$link"
		within 2 mended detached
		told_once detached
		both_as_ever
		daemon_stop
		km unload
		SEEN=0
	done
}

@test "a detached link without a daemon: status names kind and hook, the other layer holds, load mends" {
	km load
	both_as_ever
	for link in lookup:sk_lookup packet:cgroup_skb; do
		bpftool link detach pinned "$BPFFS/$NAME/${link%:*}"
		exits 1 km status
		[ "$(problem_kinds)" = detached ]
		[ "$(hook_of detached)" = "${link#*:}" ]
		kept_out
		km load
		healthy
	done
	before=$(counted apiserver allow allowed)
	sees client served "$HOST4:6443"
	[ "$(counted apiserver allow allowed)" = $((before + 1)) ]
}

@test "a link that runs somebody else's program: replaced, told once, and ours put back into the same link" {
	for link in lookup packet; do
		daemon_start
		both_as_ever
		id=$(link_id $link)
		"$TOOLS/foreign" replace "$BPFFS/$NAME/$link"
		within 2 mended replaced
		told_once replaced
		[ "$(link_id $link)" = "$id" ]
		both_as_ever
		counted_exactly
		daemon_stop
		km unload
		SEEN=0
	done
}

@test "a link that runs somebody else's program, without a daemon: status says replaced, load puts ours back" {
	km load
	for link in lookup:sk_lookup packet:cgroup_skb; do
		"$TOOLS/foreign" replace "$BPFFS/$NAME/${link%:*}"
		exits 1 km status
		has_problem replaced
		[ "$(hook_of replaced)" = "${link#*:}" ]
		kept_out
		km load
		healthy
		sees stranger refused "$HOST4:6443"
	done
}

pinned_again() {
	[ -e "$BPFFS/$NAME/$1" ] && healthy
}

# bats test_tags=guard
@test "any pin removed: the daemon puts back the same object within two seconds, nobody notices" {
	daemon_start
	lookup=$(link_id lookup)
	for pin in $PINS; do
		rm "$BPFFS/$NAME/$pin"
		both_as_ever
		within 2 pinned_again "$pin"
		grep "^kubemoat: unpinned: .*$pin" "$T/daemon.err"
		both_as_ever
	done
	[ "$(link_id lookup)" = "$lookup" ]
	counted_exactly
	within 2 noticed_is 11 unpinned
}

# bats test_tags=guard
@test "any pin removed without a daemon: status says unpinned, load finds the object again, no count is lost" {
	km load
	for pin in $PINS; do
		# Without its pin a link ends, a moment later: the other layer has to hold until load.
		if [[ $pin == lookup || $pin == packet ]]; then
			link=$(link_id "$pin")
			rm "$BPFFS/$NAME/$pin"
			within 5 no_link "$link"
		else
			rm "$BPFFS/$NAME/$pin"
			both_as_ever
		fi
		exits 1 km status
		[ "$(problem_kinds)" = unpinned ]
		told "$pin"
		exits 0 km load
		healthy
		both_as_ever
		counted_exactly
	done
}

# bats test_tags=guard
@test "the directory of pins removed: the daemon puts all of it back, and stays the only daemon" {
	daemon_start
	both_as_ever
	rm -r "${BPFFS:?}/$NAME"
	both_as_ever
	within 2 mended unpinned
	told_once unpinned
	both_as_ever
	counted_exactly
	refuses 3 "$DAEMON" km run
	daemon_stop KILL
	both_as_ever
	counted_exactly
}

@test "the directory of pins removed, and a reload before the daemon looks: in force all the same" {
	daemon_start
	both_as_ever
	rm -r "${BPFFS:?}/$NAME"
	allow apiserver "$STRANGER4"
	within 2 sees stranger served "$HOST4:6443"
	within 2 healthy
	sees client refused "$HOST4:6443"
	expect_count apiserver allow allowed 2
}

@test "the daemon's directory removed: a second daemon is refused all the same" {
	daemon_start
	rmdir "$BPFFS/$NAME/daemon"
	within 2 daemon_lock_is_held
	refuses 3 "$DAEMON" km run
}

# The directory is there, and the daemon has locked it.
daemon_lock_is_held() {
	local inode
	inode=$(stat -c %i "$BPFFS/$NAME/daemon") && grep -q "FLOCK .* $DAEMON .*:$inode " /proc/locks
}

second_daemon_is_there() {
	[ "$(km status -o json | jq .daemon.pid)" = "$SECOND" ]
}

@test "a daemon that finds another one in its place gives way, and lets go of what it held" {
	daemon_start
	kill -STOP "$DAEMON"
	rm -r "${BPFFS:?}/$NAME"
	spawn second "$KM" -n "$NAME" -c "$CONF" --netns "/run/netns/$KM_NETNS-host" run
	SECOND=$SPAWNED
	within 5 second_daemon_is_there
	kill -CONT "$DAEMON"
	within 3 grep "daemon already, pid $SECOND" "$T/daemon.err"
	both_as_ever
	within 2 healthy
	second_daemon_is_there
	within 5 lookups_are 1
}

# Links of any program on the lookup of the test's host. The kernel may take one away a moment after its last holder.
lookups() {
	bpftool -j link show | jq --argjson ns "$(stat -Lc %i "/run/netns/$KM_NETNS-host")" 'map(select(.netns_ino == $ns))'
}

lookups_are() {
	[ "$(lookups | jq length)" = "$1" ]
}

@test "a daemon that is stopped in that moment leaves the pins behind" {
	daemon_start
	both_as_ever
	rm "$BPFFS/$NAME/lookup" "$BPFFS/$NAME/counters"
	daemon_stop TERM
	both_as_ever
	healthy
	counted_exactly
}

bpffs_of_its_own() {
	BPFFS=$T/bpf
	mkdir "$BPFFS"
	mount -t bpf bpf "$BPFFS"
}

# bats test_tags=guard
@test "bpffs unmounted: the guard stays, the mount is named; mounted again, everything is put back" {
	bpffs_of_its_own
	daemon_start
	both_as_ever
	umount -l "$BPFFS"
	within 2 grep "unpinned: .*mount -t bpf bpf $BPFFS" "$T/daemon.err"
	exits 1 km status
	told unpinned "mount -t bpf bpf $BPFFS"
	both_as_ever
	mount -t bpf bpf "$BPFFS"
	within 2 mended unpinned
	told_once unpinned
	both_as_ever
	counted_exactly
	refuses 3 "$DAEMON" km run
	daemon_stop KILL
	both_as_ever
	healthy
}

@test "bpffs unmounted without a daemon: nothing is left, status says so, load guards again" {
	bpffs_of_its_own
	km load
	umount "$BPFFS"
	within 5 lookups_are 0
	exits 1 km status
	told unpinned "mount -t bpf bpf $BPFFS"
	mount -t bpf bpf "$BPFFS"
	exits 1 km status
	[ "$(problem_kinds)" = unpinned ]
	km load
	both_as_ever
	healthy
}

# foreign_lookup NAME COUNT: programs of somebody else that steer port 7443 to itself.
foreign_lookup() {
	server_start other '[::]:7443'
	spawn_on host foreign "$TOOLS/foreign" lookup "$1" 7443 "$SERVER" 7443
	FOREIGN=$SPAWNED
	within 5 grep -q ready "$T/foreign.out"
}

@test "a foreign sk_lookup program: told within two seconds by id and name, degraded, left alone" {
	daemon_start
	both_as_ever
	foreign_lookup 1
	id=$(lookups | jq "map(.prog_id) - [$(bpftool -j prog show pinned "$BPFFS/$NAME/lookup_prog" | jq .id)] | .[]")
	within 2 grep "^kubemoat: foreign: .*program $id 'steer_lookup'" "$T/daemon.err"
	exits 1 km status
	[ "$(problem_kinds)" = foreign ]
	[ "$(hook_of foreign)" = sk_lookup ]
	[ "$(km status -o json | jq -r '.hooks[0].others[0] | "\(.id) \(.name)"')" = "$id steer_lookup" ]
	both_as_ever
	km reload
	bpftool prog show id "$id"
	bpftool -j link show | jq -e ".[] | select(.prog_id == $id)"
	kill "$FOREIGN"
	within 2 mended foreign
	told_once foreign
	counted_exactly
}

@test "nine foreign sk_lookup programs, each attached twice, before ours: eight are named, the other counted" {
	server_start other '[::]:7443'
	for i in {1..9}; do
		spawn_on host "foreign$i" "$TOOLS/foreign" lookup 2 7443 "$SERVER" 7443
		within 5 grep -q ready "$T/foreign$i.out"
	done
	km load
	exits 1 km status
	[ "$(problem_kinds)" = foreign ]
	[ "$(km status -o json | jq -c '[.hooks[0].others | length, (map(.id) | unique | length)]')" = '[8,8]' ]
	told "1 further foreign program"
	both_as_ever
}

in_cgroup_listener() {
	kill "$SERVER"
	within 2 gone "$SERVER"
	cgroup_make
	server_inside inside '[::]:6443'
}

# foreign_cgroup HOW
foreign_cgroup() {
	spawn foreign "$TOOLS/foreign" cgroup "$CGROUP" "$1"
	FOREIGN=$SPAWNED
	within 5 grep -q ready "$T/foreign.out"
}

@test "a foreign cgroup program beside ours is information, no problem" {
	in_cgroup_listener
	km --cgroup "$CGROUP" load
	foreign_cgroup multi
	healthy
	[ "$(km status -o json | jq -r '.hooks[1].others[].name')" = let_in ]
	grep "cgroup_skb *attached; beside it program [0-9]* let_in" "$T/status"
	both_as_ever
}

# bats test_tags=guard
@test "a foreign cgroup program in the way: named; deny: drop refuses at the lookup, and drops once it is gone" {
	in_cgroup_listener
	drop_silently
	daemon_start --cgroup "$CGROUP"
	sees stranger timeout --timeout 300 "$HOST4:6443"
	kill -STOP "$DAEMON"
	bpftool link detach pinned "$BPFFS/$NAME/packet"
	foreign_cgroup none
	kill -CONT "$DAEMON"
	within 2 sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	exits 1 km status
	[ "$(problem_kinds)" = "detached foreign" ]
	told "'let_in'" "$CGROUP"
	[ "$(hook_of foreign)" = cgroup_skb ]
	bpftool cgroup show "$CGROUP" | grep let_in
	kill "$FOREIGN"
	within 2 mended foreign
	within 2 sees stranger timeout --timeout 300 "$HOST4:6443"
	sees client served "$HOST4:6443"
}

@test "the same without a daemon: load enforces by the lookup alone and says who is in the way" {
	in_cgroup_listener
	drop_silently
	km --cgroup "$CGROUP" load
	bpftool link detach pinned "$BPFFS/$NAME/packet"
	foreign_cgroup override
	exits 0 km --cgroup "$CGROUP" load
	told cgroup_skb BPF_F_ALLOW_MULTI
	sees stranger refused "$HOST4:6443"
	exits 1 km --cgroup "$CGROUP" status
	has_problem foreign
	kill "$FOREIGN"
	within 2 gone "$FOREIGN"
	km --cgroup "$CGROUP" load
	healthy
	sees stranger timeout --timeout 300 "$HOST4:6443"
}

# bats test_tags=guard
@test "a listener that the packet layer does not cover: deny: drop refuses at the lookup until it is gone" {
	in_cgroup_listener
	config <<< 'version: 1
mode: enforce
services: {apiserver: {deny: drop, ports: [6443, 6444]}}'
	daemon_start --cgroup "$CGROUP"
	sees stranger timeout --timeout 300 "$HOST4:6443"
	server_start outside '[::]:6444'
	within 2 grep "^kubemoat: uncovered: .*6444" "$T/daemon.err"
	within 2 sees stranger refused "$HOST4:6443"
	sees stranger refused "$HOST4:6444"
	sees client served "$HOST4:6444"
	sees client served "$HOST4:6443"
	exits 1 km status
	[ "$(problem_kinds)" = uncovered ]
	kill "$SERVER"
	within 2 mended uncovered
	told_once uncovered
	within 2 sees stranger timeout --timeout 300 "$HOST4:6443"
	expect_count apiserver allow allowed 2
}

# bats test_tags=guard
@test "nft flush ruleset, with and without a table of others, changes nothing" {
	daemon_start
	both_as_ever
	on host nft -f - <<- END
		table inet firewalld {
			chain input {
				type filter hook input priority 0; policy accept;
				tcp dport 6443 accept
			}
		}
	END
	both_as_ever
	on host nft flush ruleset
	both_as_ever
	counted_exactly
	healthy
}
