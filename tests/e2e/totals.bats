# SPDX-License-Identifier: BSD-2-Clause
# What scripts/test and its like make of what a program that speaks TAP says: a run that lost tests must not look passed.

bats_require_minimum_version 1.5.0

setup() {
	# shellcheck source=/dev/null # scripts/lib/tap.bash, which is linted by itself
	source "${BATS_TEST_FILENAME%/*}/../../scripts/lib/tap.bash"
	said=$BATS_TEST_TMPDIR/said
}

# expect "PASSED FAILED SKIPPED" of a program that ended with that status. expect COUNTS STATUS < SAID
expect() {
	cat > "$said"
	run tap_counts "$said" "$2"
	[ "$output" = "$1" ] || { echo "counted $output, not $1: $(< "$said")"; return 1; }
}

@test "passed, failed, skipped, of several plans in one stream; cmocka's way to skip" {
	expect '3 0 0' 0 <<< $'1..2\nok 1 a\nok 2 b\n1..1\nok 1 c'
	expect '1 1 0' 1 <<< $'1..2\nok 1 a\nnot ok 2 b'
	expect '1 0 2' 0 <<< $'1..3\nok 1 a\nok 2 b # skip no root\nnot ok 3 c # SKIP'
}

@test "a program that ends badly, early, or says nothing has failed, whatever it said" {
	expect '2 1 0' 139 <<< $'1..2\nok 1 a\nok 2 b'
	expect '2 1 0' 0 <<< $'1..3\nok 1 a\nok 2 b'
	expect '0 1 0' 0 < /dev/null
	expect '0 1 0' 0 <<< '1..0'
}

@test "the total fails if anything did, or nothing was tried" {
	run -0 tap_total 2 0 1
	[ "$output" = '2 passed, 0 failed, 1 skipped' ]
	run -1 tap_total 5 1 0
	[ "$output" = '5 passed, 1 failed' ]
	run -1 tap_total 0 0 0
}

@test "the total of one program is that of its counts" {
	printf '1..2\nok 1 a\nok 2 b # skip no root\n' > "$said"
	run -0 tap_total_of "$said" 0
	[ "$output" = '1 passed, 0 failed, 1 skipped' ]
	run -1 tap_total_of "$said" 7
	[ "$output" = '1 passed, 1 failed, 1 skipped' ]
}
