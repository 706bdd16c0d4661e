# fish completion for restore. The program itself tells what may follow.
function __restore_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l answer ($words[1] __complete -- $words[2..-1] $current 2>/dev/null)
	test (count $answer) -gt 1; and printf '%s\n' $answer[2..-1]
	# Behind --option= stands the name of a file alone.
	set -l option ''
	set -l file $current
	if string match -qr '^--[^=]*=' -- $current
		set option (string replace -r '=.*' '=' -- $current)
		set file (string replace -r '^[^=]*=' '' -- $current)
	end
	switch "$answer[1]"
		case files
			printf '%s\n' $option(__fish_complete_path $file)
		case dirs
			printf '%s\n' $option(__fish_complete_directories $file '')
	end
end
complete -c restore -e
complete -c restore -f -a '(__restore_complete)'
