# SPDX-License-Identifier: BSD-2-Clause
# The way back: a policy on trial, and what ends by itself, with every daemon dead.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

on_trial() {
	[ "$(km status -o json | jq -r .trial_until)" != null ]
}

@test "a lockout on purpose: back by itself with every process dead, and still after a daemon has started on the same files" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	daemon_start
	sees client served "$HOST4:6443"
	daemon_stop KILL
	allow apiserver "$STRANGER4"
	km reload --confirm 6s
	on_trial
	sees client refused "$HOST4:6443"
	sees stranger served "$HOST4:6443"
	within 8 sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	exits 1 km status
	told rolled_back
	[ "$(km status -o json | jq -r '.problems[0].kind')" = rolled_back ]
	daemon_start
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	[ "$(km status -o json | jq -r '.generation')" = 1 ]
	allow apiserver "$CLIENT4" "$STRANGER4"
	within 2 sees stranger served "$HOST4:6443"
	within 1 km status
}

@test "an accepted trial stays; accepting twice, or too late, is told" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	km load
	allow apiserver "$STRANGER4"
	km reload --confirm 5s
	end=$(date -d "$(km status -o json | jq -r .trial_until)" +%s)
	allow apiserver '# --accept reads no file'
	exits 0 km reload --accept
	[ "$(km status -o json | jq -r .trial_until)" = null ]
	exits 1 km reload --accept
	told 'nothing is on trial'
	sees stranger served "$HOST4:6443"
	await_second $((end + 1))
	sees stranger served "$HOST4:6443"
	exits 0 km explain apiserver "$STRANGER4"
	allow apiserver "$CLIENT4"
	km reload --confirm 1s
	within 3 sees stranger served "$HOST4:6443"
	exits 1 km reload --accept
	exits 0 km explain apiserver "$STRANGER4"
}

@test "with a daemon the way back is told, and connections that the trial let in are cut" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	# Other files, so that the daemon, which watches its own, does not come first.
	cp -r "$CONF" "$T/other"
	echo "$STRANGER4" >> "$T/other/apiserver.allow"
	km -c "$T/other" reload --confirm 6s
	sees stranger served "$HOST4:6443"
	within 2 grep 'on trial, by another command' "$T/daemon.err"
	within 8 sees stranger refused "$HOST4:6443"
	within 3 grep 'rolled_back' "$T/daemon.err"
	sees client served "$HOST4:6443"
	[ "$(km status -o json | jq -r '.problems[0].kind')" = rolled_back ]
}

@test "while one is pending automatic reloads wait; a typed reload ends it, and another trial keeps the way back" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 "$CLIENT4"
	daemon_start
	daemon_stop KILL
	allow apiserver "$STRANGER4"
	km reload --confirm 60s
	daemon_start
	on_trial
	sees stranger served "$HOST4:6443"
	allow apiserver "$CLIENT4" "$STRANGER4"
	sleep 1.5
	sees client refused "$HOST4:6443"
	km reload --confirm 2s
	sees client served "$HOST4:6443"
	within 5 sees stranger refused "$HOST4:6443"
	sees client served "$HOST4:6443"
	[ "$(km status -o json | jq -r '.generation')" = 1 ]
	km reload
	[ "$(km status -o json | jq -r .trial_until)" = null ]
	sees stranger served "$HOST4:6443"
	exits 0 km status
}

@test "twenty until lines, every daemon dead: none lasts longer than it says" {
	server_start echo '[::]:6443'
	config <<< $'version: 1\nmode: enforce\nservices:\n  apiserver: {}'
	end=$((EPOCHSECONDS + 6))
	for i in $(seq 20); do
		echo "10.99.0.$i until $(moment $((end + i)))"
	done > "$CONF/apiserver.allow"
	echo "$CLIENT4 until $(moment $end)" >> "$CONF/apiserver.allow"
	echo "$STRANGER4 until $(moment $((end + 11)))" >> "$CONF/apiserver.allow"
	km load
	sees client served "$HOST4:6443"
	sees stranger served "$HOST4:6443"
	within 8 sees client refused "$HOST4:6443"
	[ "$EPOCHSECONDS" -ge $((end - 1)) ]
	await_second $end
	sees client refused "$HOST4:6443"
	await_second $((end + 11))
	sees stranger refused "$HOST4:6443"
}

@test "an until of a denial too: it ends by itself, without a daemon" {
	server_start echo '[::]:6443'
	config <<< $'version: 1\nmode: enforce\nservices:\n  apiserver: {}'
	{
		echo 10.77.0.0/16
		echo "!$CLIENT4 until $(moment $((EPOCHSECONDS + 6)))"
	} > "$CONF/apiserver.allow"
	km load
	sees client refused "$HOST4:6443"
	sees stranger served "$HOST4:6443"
	within 8 sees client served "$HOST4:6443"
}

@test "a clock set back opens nothing: it lies before the kept policy, timed permissions count as over" {
	server_start echo '[::]:6443'
	config <<< $'version: 1\nmode: enforce\nservices:\n  apiserver: {}'
	allow apiserver "$CLIENT4" "$STRANGER4 until $(moment $((EPOCHSECONDS + 3600)))"
	km load
	sees stranger served "$HOST4:6443"
	# As a clock that was a day ahead would have left it.
	touch -d '+1 day' "/var/lib/kubemoat/$NAME/policy"
	km reload
	sees client served "$HOST4:6443"
	sees stranger refused "$HOST4:6443"
	exits 1 km explain apiserver "$STRANGER4"
	km status -o json > "$T/output" || true
	jq -e '.warnings[].message | select(test("clock"))' "$T/output"
}

@test "confirm and accept say how they are used" {
	guard_one apiserver 6443 "$CLIENT4"
	refuses 2 "confirm 60s" km reload --confirm soon
	refuses 2 confirm km reload --confirm 0s
	refuses 2 accept km reload --accept --confirm 5s
	refuses 2 confirm km load --confirm 5s
	refuses 3 load km reload --confirm 5s
}
