# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash disable=SC2034,SC2207 # set by _init_completion; words of the command's own, without blanks
# bash completion for kubemoat(8). Verbs, options and what they take are read from the command's own help, so they are those
# of the kubemoat that is installed.

# _kubemoat_read COMMAND [VERB]: fills `takes` (option: what it takes), `offered` (options, in the order of the help), `verbs`
# and, of a verb, `arguments`.
_kubemoat_read() {
	local line section=''
	local option='^  (-(.),|   ) (--[a-z-]+)( ([^ ]+))?  '

	offered=()
	while IFS= read -r line; do
		if [[ $line == Usage:* ]]; then
			read -ra arguments <<<"${line#Usage: kubemoat "${2-}"}"
		elif [[ $line == *: ]]; then
			section=$line
		elif [[ $line =~ $option ]]; then
			takes[${BASH_REMATCH[3]}]=${BASH_REMATCH[5]}
			[[ -z ${BASH_REMATCH[2]} ]] || takes[-${BASH_REMATCH[2]}]=${BASH_REMATCH[5]}
			[[ $section == 'Options of '* ]] || offered+=("${BASH_REMATCH[3]}")
		elif [[ $section == Verbs: && $line =~ ^\ \ ([a-z]+) ]]; then
			verbs+=("${BASH_REMATCH[1]}")
		fi
	done < <("$1" ${2:+"$2"} --help 2>/dev/null)
}

# What goes in the place that the help calls so.
_kubemoat_fill() {
	case $1 in
	*PATH*) _filedir ;;
	NAME) COMPREPLY=($(compgen -W "$(command ls /var/lib/kubemoat 2>/dev/null)" -- "$cur")) ;;
	TIME) COMPREPLY=($(compgen -W '60s 5m 1h' -- "$cur")) ;;
	SERVICE*)
		COMPREPLY=($(compgen -W "$("$2" stats -o json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d '"' -f 4)" \
			-- "$cur"))
		;;
	*'|'*) COMPREPLY=($(compgen -W "${1//|/ }" -- "$cur")) ;;
	esac
}

_kubemoat() {
	local cur prev words cword split verb='' i past=0
	local -a offered verbs arguments
	local -A takes

	_init_completion -s || return
	_kubemoat_read "$1"
	for ((i = 1; i < cword; i++)); do
		if [[ -n ${takes[${words[i]}]-} ]]; then
			i=$((i + 1))
		elif [[ ${words[i]} != -* && -z $verb ]]; then
			verb=${words[i]}
		elif [[ ${words[i]} != -* ]]; then
			past=$((past + 1))
		fi
	done
	[[ -z $verb ]] || _kubemoat_read "$1" "$verb"
	if [[ -n ${takes[$prev]-} ]]; then
		_kubemoat_fill "${takes[$prev]}" "$1"
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "${offered[*]}" -- "$cur"))
	elif [[ -z $verb ]]; then
		COMPREPLY=($(compgen -W "${verbs[*]}" -- "$cur"))
	elif [[ ${arguments[past]-} != *OPTION* ]]; then
		_kubemoat_fill "${arguments[past]-}" "$1"
	fi
}

complete -F _kubemoat kubemoat
