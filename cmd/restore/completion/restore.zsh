#compdef restore
# zsh completion for restore. The program itself tells what may follow.
_restore() {
	local -a answer plain open plain_help open_help
	local kind line word help
	answer=("${(@f)$("${(Q)words[1]}" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	kind=$answer[1]
	for line in "${(@)answer[2,-1]}"; do
		word=${line%%$'\t'*}
		help=$word
		[[ $line == *$'\t'* ]] && help="$word  -- ${line#*$'\t'}"
		if [[ $word == *[=:] ]]; then
			open+=("$word") open_help+=("$help")
		else
			plain+=("$word") plain_help+=("$help")
		fi
	done
	(($#plain)) && compadd -l -d plain_help -a plain
	(($#open)) && compadd -l -S '' -d open_help -a open
	[[ $PREFIX == --*=* ]] && compset -P '*='
	case $kind in
	files) _files ;;
	dirs) _files -/ ;;
	esac
	return 0
}
if [[ $funcstack[1] == _restore ]]; then
	_restore "$@"
else
	compdef _restore restore
fi
