# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Walks a page of the documentation: types the commands of a section's console blocks and compares what they print.
#
#   $ command         on the administrator's machine, in a copy of this tree's deploy
#   cp# command       on the control-plane node, as root
#   stranger$ command on a host outside; bastion$ as well
#   > goes on         the line before, continued
#   output            has to be exactly that; … stands for anything, on a line of its own for any lines

# The console blocks under a heading, up to the next of its rank. page_blocks PAGE HEADING
page_blocks() {
	awk -v heading="## $2" '
		/^## / { here = $0 == heading; found = found || here; next }
		/^```/ { inside = here && $0 == "```console"; next }
		inside
		END { exit !found }' "$KM_ROOT/docs/$1"
}

page_type() {
	local prompt=$1 command=$2
	case $prompt in
	'$') (cd "$T/tree" && eval "$command") ;;
	'cp#') inside cp bash -c "kubemoat() { $KM \"\$@\"; }; $(declare -f crictl); $command" ;;
	*) on "${prompt%?}" bash -c "$command" ;;
	esac 2>&1
}

# Debian has no crictl: the same by containerd's own client. crictl exec CONTAINER COMMAND... | crictl ps -q --name NAME
crictl() {
	case $1 in
	exec)
		shift
		ctr -n k8s.io tasks exec --exec-id "typed-$$" "$@"
		;;
	ps) ctr -n k8s.io tasks ls | awk '$3 == "RUNNING" { print $1 }' |
		grep -F "$(ctr -n k8s.io containers ls -q "labels.\"io.kubernetes.container.name\"==$4")" ;;
	esac
}

kubectl() { k "$@"; }
kubemoat() { "$KM" "$@"; }

page_check() {
	local prompt=$1 command=$2 expected=$3 output pattern
	[ -n "$command" ] || return 0
	output=$(page_type "$prompt" "$command" < /dev/null) || [ -n "$expected" ] || fail "$prompt $command
$output"
	[ -n "$expected" ] || return 0
	# shellcheck disable=SC2001 # what a pattern means by itself is taken literally
	pattern=$(sed 's/[][*?\\]/\\&/g; s/…/*/g' <<< "${expected%$'\n'}")
	# shellcheck disable=SC2053 # a pattern it is
	[[ $output == $pattern ]] || fail "saw: $prompt $command
$output
instead of
$expected"
}

# page_walk PAGE HEADING
page_walk() {
	local line prompt='' command='' expected='' blocks
	mkdir -p "$T/tree"
	[ -e "$T/tree/deploy" ] || cp -r "$KM_ROOT/deploy" "$T/tree/"
	blocks=$(page_blocks "$@") || fail "$1 has no section \"$2\""
	[ -n "$blocks" ] || fail "$1: nothing to type in \"$2\""
	while IFS= read -r line; do
		if [[ $line =~ ^(([a-z]*)[\$#])\ (.*)$ ]]; then
			page_check "$prompt" "$command" "$expected" || return
			prompt=${BASH_REMATCH[1]} command=${BASH_REMATCH[3]} expected=
		elif [[ $line == '> '* ]]; then
			command+=$'\n'${line#> }
		else
			expected+=$line$'\n'
		fi
	done <<< "$blocks"
	page_check "$prompt" "$command" "$expected"
}
