# SPDX-License-Identifier: BSD-2-Clause
# shellcheck disable=SC2016 # backquotes and dollars of the pages themselves
# What the manual pages and the completion say is what the command does: `--help` is compared, examples are run.

load lib/wait

ROOT=$BATS_TEST_DIRNAME/../..
MAN=$ROOT/docs/man

setup() {
	T=$BATS_TEST_TMPDIR
	PATH=$ROOT/build:$PATH
	cd "$T" || return
}

# Fails unless both files have the same lines. same WHAT FILE FILE
same() {
	diff -u "$2" "$3" || fail "$1 differ: - $2, + $3"
}

# Of `kubemoat --help`: "verb VERB ARGUMENTS" a line, and "VERB|global OPTION ARGUMENT".
help_says() {
	kubemoat --help | awk '
		/^Verbs:/ { where = "verb" }
		/^Options, / { where = "global" }
		/^Options of / { where = substr($3, 1, length($3) - 1) }
		/^How to/ { exit }
		/^  / {
			signature = substr($0, 3, where == "verb" ? 37 : 25)
			gsub(/ +/, " ", signature); gsub(/^ | $/, "", signature)
			print where, signature
		}' | sort
}

# The same of the page: the items of its lists.
page_says() {
	awk '
		/^\.Sh / { where = $2 == "VERBS" ? "verb" : $2 == "OPTIONS" ? "global" : "" }
		/^\.It / && where {
			option = / Fl /
			sub(/^\.It /, ""); gsub(/ Ns \| Ns /, "|"); gsub(/Fl /, "-"); gsub(/ , /, ", ")
			if (sub(/Op Ar /, "["))
				$0 = $0 "]"
			gsub(/(Ar|Cm) /, "")
			if (where == "verb" && !option)
				verb = $1
			print where == "verb" && option ? verb : where, $0
		}' "$MAN/kubemoat.8" | sort
}

# Blocks of a page's DESCRIPTION and EXAMPLES into files 01, 02, ... in their order.
examples() {
	awk '
		/^\.Sh / { wanted = $2 == "DESCRIPTION" || $2 == "EXAMPLES" }
		/^\.Ed/ { inside = 0 }
		inside { print > file }
		/^\.Bd / && wanted { inside = 1; file = sprintf("%02d", ++n) }' "$1"
}

# A configuration that names lists finds them.
lists() {
	local name
	for name in apiserver etcd kubelet controllers nodes admins members ingress; do
		: > "$name.allow"
	done
}

@test "kubemoat(8) has every verb and option of --help, and no other" {
	help_says > help
	page_says > page
	[ "$(wc -l < help)" -gt 20 ]
	same "--help and kubemoat(8)" help page
}

@test "the completion offers what --help has" {
	# shellcheck disable=SC1091 # not given to the check
	source /usr/share/bash-completion/bash_completion
	# shellcheck disable=SC1091
	source "$ROOT/deploy/completion/kubemoat.bash"
	offers() {
		COMP_WORDS=(kubemoat "$@") COMP_CWORD=$# COMP_LINE="kubemoat $*" COMPREPLY=()
		COMP_POINT=${#COMP_LINE}
		_kubemoat kubemoat || true
		printf '%s\n' "${COMPREPLY[@]}" | sort
	}
	help_says > help
	same verbs <(awk '$1 == "verb" { print $2 }' help) <(offers '')
	same "global options" <(grep ^global help | grep -o -e '--[a-z-]*' | sort) <(offers --)
	local verb
	while read -r verb; do
		same "options of $verb" <(grep -E "^(global|$verb) " help | grep -o -e '--[a-z-]*' | sort) <(offers "$verb" --)
		same "options of $verb behind others" <(offers "$verb" --) <(offers -n load -o json "$verb" --)
	done < <(awk '$1 == "verb" { print $2 }' help)
	same values <(printf '%s\n' json text) <(offers status -o '')
	touch here.yaml
	same "files of check" <(echo here.yaml) <(offers check here)
	same "files of explain" <(echo here.yaml) <(offers explain etcd 192.0.2.7 here)
	same "nothing behind the last argument" <(echo) <(offers check here.yaml here)
}

@test "the pages are well-formed, and name the version" {
	mandoc -Tlint -W warning "$MAN"/*.[58]
	make -C "$ROOT" --no-print-directory -s man B="$T/build" VERSION=7.7.7
	local page
	for page in "$T"/build/man/*; do
		mandoc -Tascii "$page" | tail -n 1 | grep -F 'kubemoat 7.7.7' || fail "$page"
	done
}

@test "the examples of kubemoat.allow(5) do what it says" {
	examples "$MAN/kubemoat.allow.5"
	printf 'version: 1\nmode: enforce\nservices:\n  etcd: {}\n' > kubemoat.yaml
	local block line listings=0 sessions=0
	for block in [0-9][0-9]; do
		if [[ $(head -c 2 "$block") != '$ ' ]]; then
			cp "$block" etcd.allow
			listings=$((listings + 1))
			continue
		fi
		while IFS= read -r line; do
			[[ $line != '$ '* ]] || { echo "$line"; eval "${line#\$ }" 2>&1 || true; }
		done < "$block" > said
		same "page and command" "$block" said
		sessions=$((sessions + 1))
	done
	[ "$listings" -gt 5 ] && [ "$sessions" -gt 4 ]
	cp 01 etcd.allow
	kubemoat check .
}

@test "the examples of kubemoat.yaml(5) are valid, and it has the keys of docs/configuration.md" {
	examples "$MAN/kubemoat.yaml.5"
	lists
	local block
	for block in [0-9][0-9]; do
		cp "$block" kubemoat.yaml
		kubemoat check .
	done
	[ "$block" = 03 ]
	sed -n 's/^\.It Cm //p' "$MAN/kubemoat.yaml.5" > page
	sed -nE 's/^\| \[`([a-z]+)`\]\(#.*/\1/p' "$ROOT/docs/configuration.md" > docs
	same "keys" docs page
	sed -nE 's/^\| `([a-z]+)`, of a service.*/\1/p' "$ROOT/docs/configuration.md" | sort > docs
	sed -n '/^\.Sh NOT SUPPORTED/,/^\.Sh YAML/s/^\.Cm \([a-z]*\).*/\1/p' "$MAN/kubemoat.yaml.5" | sort > page
	same "keys that are refused" docs page
}

@test "the files that the package installs are valid" {
	cp "$ROOT"/deploy/etc/* .
	kubemoat check .
}
