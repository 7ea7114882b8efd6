# SPDX-License-Identifier: BSD-2-Clause
# The command line: what is offline, what is refused, and how it says so.

load lib/guard

setup() { guard_setup; }
teardown() { guard_teardown; }

@test "reload with nothing loaded cannot be done: exit 3" {
	guard_one apiserver 6443 "$CLIENT4"
	refuses 3 "load" km reload
}

@test "check is offline: it needs neither privilege nor anything loaded" {
	guard_one apiserver 6443 "$CLIENT4" "$CLIENT4"
	exits 0 setpriv --bounding-set=-all --inh-caps=-all "$KM" check "$CONF"
	told apiserver.allow:2: warning
}

@test "explain reads files offline, and says where its answer comes from when nothing is loaded" {
	guard_one apiserver 6443 "$CLIENT4"
	exits 0 km explain apiserver "$CLIENT4" "$CONF"
	exits 1 km explain 6443 "$STRANGER4"
	told "not loaded"
	km load
	allow apiserver "$STRANGER4"
	exits 0 km explain apiserver "$CLIENT4"
	exits 1 km explain apiserver "$CLIENT4" "$CONF"
}

@test "a list of one family warns where a listener serves both" {
	server_start echo '[::]:6443'
	guard_one apiserver 6443 10.0.0.0/8
	exits 0 km load
	told IPv6
}

@test "usage errors exit 2 with one line that names the nearest word" {
	guard_one apiserver 6443 "$CLIENT4"
	refuses 2 "lod load" km lod
	refuses 2 "apiservr apiserver" km explain apiservr 192.0.2.1
	refuses 2 "192.0.2" km explain apiserver 192.0.2
	refuses 2 "Bad_Name" "$KM" -n Bad_Name status
	refuses 2 "--nonsense" km status --nonsense
}

@test "what this version does not have is refused by name" {
	guard_one apiserver 6443 "$CLIENT4"
	while read -ra words; do
		refuses 2 "not supported by this version" "$KM" -n "$NAME" -c "$CONF" "${words[@]}"
	done <<- END
		learn etcd
		audit
	END
	printf 'version: 1\nservices:\n  apiserver:\n    egress: [a.allow]\n' > "$CONF/kubemoat.yaml"
	exits 1 km check
	told "kubemoat.yaml:4:5: error: " "not supported by this version"
}

@test "output that cannot be written is exit 3" {
	guard_one apiserver 6443 "$CLIENT4"
	km load
	while read -ra words; do
		code=0
		km "${words[@]}" > /dev/full 2> "$T/errors" || code=$?
		[ "$code" = 3 ] || fail "${words[*]}: exit $code"
		[ "$(wc -l < "$T/errors")" = 1 ]
	done <<- END
		status
		stats
		stats -o json
		drops --top 3
		explain apiserver 192.0.2.1
	END
}

@test "stats --watch tells again each second" {
	guard_one apiserver 6443 "$CLIENT4"
	km load
	spawn watch "$KM" -n "$NAME" stats --watch -o json
	within 4 lines_beyond 2 "$T/watch.out"
	[ "$(head -1 "$T/watch.out" | jq -r '.services[0].name')" = apiserver ]
}

@test "the help says how to get out: unload, and the off switches" {
	exits 0 "$KM" --help
	told load run reload unload check explain status stats drops kubemoat.off /etc/kubemoat/off
	exits 0 "$KM" -V
	[ "$(wc -l < "$T/output")" = 1 ]
}
