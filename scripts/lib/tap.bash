# SPDX-License-Identifier: BSD-2-Clause
# What programs that speak TAP (bats, cmocka, a guest) said, in numbers: one rule for every script that adds up tests.

# tap_counts FILE STATUS: prints "PASSED FAILED SKIPPED" of what a program said that ended with that status. That it ended
# badly, or before it had run what it planned, or said nothing, is a failure, whatever it said so far.
tap_counts() {
	awk -v status="$2" '
		/^1\.\.[0-9]+/ { planned += substr($1, 4) }
		/^(not )?ok .*# *[Ss][Kk][Ii][Pp]/ { skip++; next } # cmocka says "not ok" of what it skips
		/^ok / { ok++ }
		/^not ok / { bad++ }
		END {
			if (!bad && (status || !(ok + skip) || ok + skip < planned))
				bad = 1
			print ok + 0, bad + 0, skip + 0
		}' "$1"
}

# tap_total_of FILE STATUS: tap_total of what one program said.
tap_total_of() {
	local counts

	read -ra counts < <(tap_counts "$1" "$2")
	tap_total "${counts[@]}"
}

# tap_total PASSED FAILED SKIPPED: the line that ends a run. Fails if anything failed, or nothing was tried.
tap_total() {
	local line="$1 passed, $2 failed"

	[ "$3" -eq 0 ] || line+=", $3 skipped"
	echo "$line"
	[ "$2" -eq 0 ] && [ $(($1 + $3)) -gt 0 ]
}
