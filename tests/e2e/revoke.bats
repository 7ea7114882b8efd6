# SPDX-License-Identifier: BSD-2-Clause
# Connections that stand when their source is taken off a list: cut, or the reload refused for them; and what plan says.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

# The connections of a namespace in that state, as "LOCAL PEER". connections WHERE STATE [FILTER]...
connections() {
	on "$1" ss -Htn state "$2" "${@:3}" | awk '{ print $3, $4 }'
}

# Fails if anything of it is there, and is evidence for scripts/prove then. no_connection WHERE STATE [FILTER]...
no_connection() {
	local found
	found=$(connections "$@")
	[ -z "$found" ] || fail "saw: $found instead of no connection: $*"
}

# Fails unless the host has so many that stand, or that their clients have closed and the server has not.
stand_on_host() {
	local found
	found=$(connections host connected sport = ":$2" | wc -l)
	[ "$found" = "$1" ] || fail "$found connections to port $2, expected $1: $(on host ss -Htan sport = ":$2")"
}

has_connection() {
	[ -n "$(connections "$@")" ]
}

# A client that holds a connection and can be asked, beside others: python keeps it, each line of input sends it.
# keeps WHERE NAME ADDRESS PORT
keeps() {
	spawn_on "$1" "$2" python3 -uc 'import socket, sys, time
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.sendall(b"hello")
print("up", s.recv(5).decode())
try:
    print("ended" if not s.recv(1) else "data")
except ConnectionResetError:
    print("reset")' "$3" "$4"
	within 5 grep -q up "$T/$2.out"
}

events() {
	km drops -o json | jq -c 'select(.reason == "revoked")'
}

# Fails unless that many events tell of revoked connections, and as many are counted. expect_revoked SERVICE N
expect_revoked() {
	local told
	told=$(events | wc -l)
	[ "$told" = "$2" ] || fail "$told events of revoked connections, expected $2: $(events)"
	expect_count "$1" deny revoked "$2"
	[ "$(km stats -o json | jq --arg s "$1" '.services[] | select(.name == $s).cut')" = "$2" ]
}

# watches WHERE: a real client of etcd that waits for key k.
watches() {
	spawn_on "$1" "watch-$1" env ETCDCTL_API=3 etcdctl --endpoints "http://$HOST4:2379" watch k
	within 10 has_connection "$1" established dport = :2379
}

# bats test_tags=guard
@test "etcdctl watch: who is taken off the list is cut within a second of the write, who stays notices nothing" {
	etcd_start
	guard_one etcd 2379 "$CLIENT4" "$STRANGER4"
	daemon_start
	watches client
	watches stranger
	etcdctl_on host --endpoints http://127.0.0.1:2379 put k first
	within 2 grep -q first "$T/watch-client.out"
	within 2 grep -q first "$T/watch-stranger.out"
	before=$(connections client established dport = :2379)
	allow etcd "$CLIENT4"
	within 1 no_connection stranger established dport = :2379
	no_connection host established sport = :2379 dst "$STRANGER4"
	etcdctl_on host --endpoints http://127.0.0.1:2379 put k second
	within 2 grep -q second "$T/watch-client.out"
	[ "$(connections client established dport = :2379)" = "$before" ]
	run ! grep -q second "$T/watch-stranger.out"
	within 1 expect_revoked etcd 1
	[ "$(events | jq -r '.source, .port, .verdict, .destination' | xargs)" = "$STRANGER4 2379 deny $HOST4" ]
	within 2 grep -q "revoked from $STRANGER4" "$T/daemon.out"
	within 2 grep -q "1 connection cut" "$T/daemon.err"
}

# bats test_tags=guard
@test "an idle connection gets a reset at a typed reload; over IPv6 and mapped addresses too" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4" "$CLIENT6" "$STRANGER6"
	km load
	keeps stranger cut4 "$HOST4" 6443
	keeps stranger cut6 "$HOST6" 6443
	keeps client stays4 "$HOST4" 6443
	keeps client stays6 "$HOST6" 6443
	allow apiserver "$CLIENT4" "$CLIENT6"
	exits 0 km reload
	within 1 no_connection stranger established
	within 1 grep -q reset "$T/cut4.out"
	within 1 grep -q reset "$T/cut6.out"
	[ "$(connections client established | wc -l)" = 2 ]
	run ! grep -E 'reset|ended' "$T/stays4.out" "$T/stays6.out"
	expect_revoked apiserver 2
	[ "$(events | jq -r .source | sort | xargs)" = "$STRANGER4 $STRANGER6" ]
}

# Connections that send now and then: some while the policy changes, some between the search for them and their end.
# 200 of them, each about ten times a second. chatters NAME
chatters() {
	spawn_on stranger "$1" python3 -uc 'import socket, sys, time
live = [socket.create_connection((sys.argv[1], 6443)) for i in range(200)]
for s in live: s.sendall(b"x")
print("up")
while live:
    for s in list(live):
        try:
            s.recv(100)
            s.sendall(b"x")
        except (ConnectionResetError, BrokenPipeError):
            live.remove(s)
        time.sleep(0.0005)
print("down")' "$HOST4"
	within 5 grep -q up "$T/$1.out"
}

# bats test_tags=guard
@test "connections that go on sending give one event and one count each" {
	server_start echo '[::]:6443'
	config <<< 'version: 1
mode: enforce
events: {per_second: 1000}
services: {apiserver: {}}'
	allow apiserver "$CLIENT4" "$STRANGER4"
	km load
	for ((round = 1; round <= 4; round++)); do
		allow apiserver "$CLIENT4" "$STRANGER4"
		km reload
		chatters "busy$round"
		allow apiserver "$CLIENT4"
		km reload
		within 3 no_connection host established sport = :6443 dst "$STRANGER4"
		within 5 grep -q down "$T/busy$round.out"
		expect_count apiserver deny revoked $((200 * round))
		# The log of a CPU holds 256.
		[ $round -gt 1 ] || expect_revoked apiserver 200
	done
}

half_open() {
	for ((i = 0; i < 3; i++)); do
		on stranger "$TOOLS/rawsend" --dev eth0 --mac "$(mac host stranger)" --flags S \
			"10.77.2.50:$((3000 + i))" "$HOST4:6443"
	done
}

# bats test_tags=guard
@test "half-open connections are cut as well, and counted once" {
	server_start echo "$HOST4:6443"
	answers_go_to stranger 10.77.2.50
	guard_one apiserver 6443 "$CLIENT4" 10.77.2.50
	km load
	[ "$(half_open | sort -u)" = synack ]
	[ "$(connections host syn-recv | wc -l)" = 3 ]
	allow apiserver "$CLIENT4"
	km reload
	no_connection host syn-recv
	expect_revoked apiserver 3
}

# bats test_tags=guard
@test "subflows of Multipath TCP are cut; another client's go on" {
	server_start echo --mptcp '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4"
	km load
	holds stranger --mptcp --payload multipath "$HOST4:6443"
	on stranger ss -HtnM state established | grep -q mptcp
	keeps client stays "$HOST4" 6443
	allow apiserver "$CLIENT4"
	km reload
	within 1 no_connection host established sport = :6443 dst "$STRANGER4"
	: > "$T/echo.log"
	echo >&"$HOLD"
	within 5 lines_beyond 1 "$T/hold.out"
	never_arrived multipath
	has_connection client established
	expect_revoked apiserver 1
}

@test "in audit mode nothing is cut" {
	server_start echo "$HOST4:6443"
	config <<< 'version: 1
mode: audit
services: {apiserver: {}}'
	allow apiserver "$STRANGER4"
	km load
	keeps stranger stays "$HOST4" 6443
	allow apiserver "$CLIENT4"
	exits 0 km plan
	km reload
	has_connection stranger established
	expect_revoked apiserver 0
}

@test "from audit to enforce: who is not listed is cut" {
	server_start echo "$HOST4:6443"
	config <<< 'version: 1
services: {apiserver: {}}'
	allow apiserver "$CLIENT4"
	km load
	keeps stranger cut "$HOST4" 6443
	config <<< 'version: 1
mode: enforce
services: {apiserver: {}}'
	exits 1 km plan
	told "apiserver: enforce, was audit" "cuts $STRANGER4"
	km reload
	within 1 no_connection stranger established
	expect_revoked apiserver 1
}

@test "the node's own outgoing connections from a guarded port number are not cut, with a listener beside them" {
	server_start_on stranger far "$STRANGER4:9000"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	holds host --bind 0.0.0.0:6443 "$STRANGER4:9000"
	server_start echo '[::]:6443'
	keeps client accepted "$HOST4" 6443
	allow apiserver 192.0.2.1
	exits 1 km plan
	[ "$(grep -c cuts "$T/output")" = 1 ]
	km reload
	within 1 no_connection client established
	says served
	expect_revoked apiserver 1
}

@test "an outgoing connection that the guard never saw begin is not cut where nobody listens on its address" {
	server_start_on stranger far "$STRANGER4:9000"
	holds host --bind 10.77.2.1:6443 "$STRANGER4:9000"
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	[ "$(connections host established sport = :6443)" = "10.77.2.1:6443 $STRANGER4:9000" ]
	expect_revoked apiserver 0
}

# bats test_tags=guard
@test "the host itself is cut by !@self alone, failsafe sources never" {
	server_start echo '[::]:6443'
	config <<< "version: 1
mode: enforce
failsafe: [$STRANGER4]
services: {apiserver: {}}"
	allow apiserver "$CLIENT4" "$STRANGER4"
	km load
	keeps host loop 127.0.0.1 6443
	keeps host own "$HOST4" 6443
	keeps stranger failsafe "$HOST4" 6443
	allow apiserver 192.0.2.1
	km reload
	has_connection host established src 127.0.0.1
	has_connection stranger established
	allow apiserver '!@self'
	km reload
	within 1 no_connection host established dport = :6443
	has_connection stranger established
	expect_revoked apiserver 2
}

# bats test_tags=guard
@test "an until that ends cuts" {
	server_start echo "$HOST4:6443"
	end=$((EPOCHSECONDS + 8))
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4 until $(moment $end)"
	daemon_start
	keeps stranger cut "$HOST4" 6443
	keeps client stays "$HOST4" 6443
	await_second $end
	within 1 no_connection stranger established
	within 5 grep -q reset "$T/cut.out"
	has_connection client established
	within 1 expect_revoked apiserver 1
}

# bats test_tags=guard
@test "a connection that is older than the guard is cut by load" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	keeps stranger cut "$HOST4" 6443
	exits 0 km load
	within 1 no_connection stranger established
	told "1 connection cut"
	expect_revoked apiserver 1
}

@test "a daemon tells what its own start cuts, the first time and beside what is in force" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4"
	keeps stranger first "$HOST4" 6443
	daemon_start
	within 2 grep -q "revoked from $STRANGER4" "$T/daemon.out"
	allow apiserver "$STRANGER4"
	km reload
	keeps stranger second "$HOST4" 6443
	daemon_stop
	allow apiserver "$CLIENT4"
	daemon_start -o json
	within 2 grep -q revoked "$T/daemon.out"
	[ "$(grep -c revoked "$T/daemon.out")" = 1 ]
	within 1 expect_revoked apiserver 2
}

# One service with this max_cut; the rules as they are. limit N
limit() {
	config <<< "version: 1
mode: enforce
limits: {max_cut: $1}
services: {apiserver: {}}"
}

# The stranger has a connection, and is not in the files any more: one that a reload would cut.
remove_connected() {
	server_start echo "$HOST4:6443"
	limit 1
	allow apiserver "$CLIENT4" "$STRANGER4"
	km load
	keeps stranger first "$HOST4" 6443
	allow apiserver "$CLIENT4"
}

@test "max_cut: a typed reload beyond it is refused, says how many, and the last policy stays; --force passes it" {
	remove_connected
	limit 0
	exits 1 km plan
	told "a reload would be refused, max_cut allows 0"
	for verb in reload load; do
		exits 1 km $verb
		told "kubemoat.yaml:3:19: error: 1 established connection would be cut, max_cut allows 0" "generation 1 stays"
		has_problem refused
		run ! has_problem kept
	done
	[ "$(km status -o json | jq .reload_failures)" = 2 ]
	sees stranger served "$HOST4:6443"
	has_connection stranger established
	within 5 stand_on_host 1 6443
	exits 0 km reload --force
	told "1 connection cut"
	within 1 no_connection stranger established
	sees stranger refused "$HOST4:6443"
	healthy
	expect_revoked apiserver 1
}

@test "max_cut: as many as it allows are cut" {
	remove_connected
	exits 0 km reload
	within 1 no_connection stranger established
	allow apiserver "$CLIENT4" "$STRANGER4"
	km reload
	keeps stranger second "$HOST4" 6443
	keeps stranger third "$HOST4" 6443
	allow apiserver "$CLIENT4"
	exits 1 km reload
	told "2 established connections would be cut, max_cut allows 1"
}

refused() {
	[ "$(km status -o json | jq .reload_failures)" = "$1" ] && has_problem refused
}

@test "max_cut: an automatic reload is refused and not tried again, by a restarted daemon either" {
	server_start echo "$HOST4:6443"
	limit 0
	allow apiserver "$CLIENT4" "$STRANGER4"
	daemon_start
	keeps stranger stays "$HOST4" 6443
	stays=$SPAWNED
	allow apiserver "$CLIENT4"
	within 2 refused 1
	within 1 grep -q "max_cut allows 0" "$T/daemon.err"
	has_connection stranger established
	daemon_stop
	kill "$stays"
	within 2 no_connection host established sport = :6443
	daemon_start
	sees stranger served "$HOST4:6443"
	has_problem refused
	exits 0 km reload
	sees stranger refused "$HOST4:6443"
	healthy
}

plan_json() {
	km plan -o json "$@" > "$T/plan" || [ $? = 1 ]
}

@test "plan names rules, connections with their process, and sources of the last hour, and changes nothing" {
	server_start echo "$HOST4:6443"
	guard_one apiserver 6443 "$CLIENT4" "$STRANGER4" '!192.0.2.66'
	daemon_start
	exits 0 km plan
	told "no rule and no mode changes" "0 connections would be cut, 0 sources"
	keeps stranger stays "$HOST4" 6443
	sees client served "$HOST4:6443"
	within 5 stand_on_host 1 6443
	sees client refused --bind 10.77.1.2 "$HOST4:6444"
	mkdir "$T/other"
	cp "$CONF/kubemoat.yaml" "$T/other"
	printf '%s\n' 192.0.2.0/24 198.51.100.10-198.51.100.20 '!192.0.2.66' > "$T/other/apiserver.allow"
	within 2 sources_are "$CLIENT4 $STRANGER4" "$T/other"
	exits 1 km plan "$T/other"
	told "+ 192.0.2.0/24" "+ 198.51.100.10-198.51.100.20" "- $STRANGER4" "cuts $STRANGER4" "of pid $SERVER server" \
		"refuses $CLIENT4, last seen on port 6443"
	plan_json "$T/other"
	port=$(connections stranger established | sed 's/.*:\([0-9]*\) .*/\1/')
	jq -e --arg s "$STRANGER4" --argjson p "$SERVER" --argjson port "$port" \
		'.cut == [{service: "apiserver", source: $s, source_port: $port, port: 6443, pid: $p, comm: "server"}]' "$T/plan"
	jq -e --arg c "$CLIENT4" --arg s "$STRANGER4" '.services | length == 1 and .[0].name == "apiserver" and
		.[0].added == ["192.0.2.0/24", "198.51.100.10-198.51.100.20"] and .[0].removed == [$c, $s]' "$T/plan"
	jq -e '.refused[0] | .service == "apiserver" and .port == 6443 and (.last_seen | startswith("20"))' "$T/plan"
	generation_is 1
	has_connection stranger established
	sees client served "$HOST4:6443"
	exits 0 km plan
}

# sources_are "SOURCES" [PATH]: those that a plan would refuse, in order.
sources_are() {
	plan_json "${@:2}"
	[ "$(jq -r .refused[].source "$T/plan" | xargs)" = "$1" ]
}

@test "plan: invalid files and a missing path are exit 3, not loaded compares with nothing" {
	guard_one apiserver 6443 "$CLIENT4"
	exits 0 km plan
	told "+ $CLIENT4" "apiserver: enforce, was not guarded" "nothing is in force"
	allow apiserver 192.0.2.300
	refuses 3 apiserver.allow:1:9 km plan
	refuses 3 "$T/nowhere" km plan "$T/nowhere"
	guard_one apiserver 6443 "$CLIENT4"
	km load
	rm "$CONF/kubemoat.yaml"
	refuses 3 configuration km plan
}
