# bash completion for restore. The program itself tells what may follow.
_restore() {
	# Bash cuts words at = and : as well. The program wants them whole, and bash
	# the part of each answer that follows the last cut: what it hands over as $2.
	local words=() word rest=$COMP_LINE trimmed i
	for ((i = 0; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		trimmed=${rest#"${rest%%[![:blank:]]*}"}
		if ((i > 1)) && [[ -n $rest && $trimmed == "$rest" ]]; then
			words[${#words[@]} - 1]+=$word
		else
			words+=("$word")
		fi
		rest=${trimmed#"$word"}
	done
	local current=${words[${#words[@]} - 1]} program=$1
	local cut=${current%"$2"}
	[[ $program == '~/'* ]] && program=$HOME/${program#'~/'}

	local kind='' line open=''
	COMPREPLY=()
	while IFS= read -r line; do
		if [[ -z $kind ]]; then
			kind=$line
			continue
		fi
		line=${line%%$'\t'*}
		[[ $line == *[=:] ]] && open=yes
		COMPREPLY+=("${line#"$cut"}")
	done < <("$program" __complete -- "${words[@]:1}" 2>/dev/null)

	case $kind in
	files | dirs)
		compopt -o filenames 2>/dev/null # bash 3, the one of macOS, has no compopt
		local action=-f
		[[ $kind == dirs ]] && action=-d
		while IFS= read -r line; do
			COMPREPLY+=("$line")
		done < <(compgen "$action" -- "$2")
		;;
	esac
	[[ -n $open ]] && compopt -o nospace 2>/dev/null
	return 0
}
complete -F _restore restore
