# PowerShell completion for restore. The program itself tells what may follow.
Register-ArgumentCompleter -Native -CommandName restore -ScriptBlock {
	param($wordToComplete, $commandAst, $cursorPosition)
	$words = @($commandAst.CommandElements |
		Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
		ForEach-Object { "$_" })
	$program = $words[0]
	$words = @($words | Select-Object -Skip 1)
	# An empty word stands at the cursor, where it is one that has not begun. Before
	# PowerShell 7.3 an empty argument has to be quoted twice to arrive.
	if ($wordToComplete -eq '') {
		if ($PSVersionTable.PSVersion -lt [version]'7.3') { $words += '""' } else { $words += '' }
	}
	$answer = @(& $program __complete -- @words 2>$null)
	if ($answer.Count -eq 0) { return }
	foreach ($line in ($answer | Select-Object -Skip 1)) {
		$word, $help = $line -split "`t", 2
		if (-not $help) { $help = $word }
		[System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $help)
	}
	if ($answer[0] -ne 'words') {
		[System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
	}
}
