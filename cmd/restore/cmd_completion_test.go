package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/urfave/cli/v2"
)

// TestComplete asks for what may follow, as the scripts of the shells do.
func TestComplete(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		words string // the last one is at the cursor; ~ is an empty one
		kind  string
		some  string // words that are offered
		never string // words that are not
	}{
		{"~", "words", "run fade compare completion", "__complete --help -o"},
		{"fa", "words", "fade", "run"},
		{"help fa", "words", "fade", "run"},
		{"nosuch ~", "words", "", "run"},
		{"model ~", "words", "info init export", "run"},
		{"model export ~", "files", "fade:soft", "fade:hard"},
		{"fade ~", "files", "", "--out run"},
		{"fade --", "words", "--amount --mode --invert --out --json --model", "run"},
		{"fade --mode red --", "words", "--amount", "--mode"},
		{"fade --model soft --", "words", "--model", ""},
		{"fade --mode ~", "words", "all red", "--out"},
		{"fade --mode r", "words", "red", "all"},
		{"fade --mode=r", "words", "--mode=red", "--mode=all red"},
		{"fade --invert ~", "files", "", "true"},
		{"fade --amount ~", "words", "", "run"},
		{"fade --model ~", "files", "soft", "hard fade:soft"},
		{"fade -o ~", "files", "", "soft"},
		{"fade --truth ~", "dirs", "", ""},
		{"fade --format p", "words", "png", "jpeg"},
		{"fade -- --", "files", "", "--out"},
		{"fade a.png b.png ~", "files", "", ""},
		{"run -p ~", "files", "fade", "run"},
		{"run -p fade,", "words", "fade,fade", ""},
		{"run -p fade:mo", "words", "fade:mode= fade:model=", "fade:amount="},
		{"run -p fade:mode=red:invert=", "words", "fade:mode=red:invert=true", ""},
		{"run -p fade,fade:mode=", "words", "fade,fade:mode=red", "red"},
		{"run -p fade:model=", "words", "fade:model=soft", ""},
		{"run -p nosuch:", "words", "", "fade"},
		{"run --pipeline=fa", "files", "--pipeline=fade", ""},
		{"tasks ~", "words", "fade", "fade:model=soft"},
		{"tasks fade ~", "words", "", "fade"},
		{"train ~", "words", "fade fade:model=hard", ""},
		{"train fade --schedule ~", "words", "cosine constant", ""},
		{"completion ~", "words", "bash zsh fish powershell", ""},
	} {
		args := []string{completeVerb, "--"}
		for _, w := range strings.Fields(c.words) {
			args = append(args, strings.Replace(w, "~", "", 1))
		}
		r := restore(t, args...)
		r.want(t, exitDone)
		kind, rest, _ := strings.Cut(r.stdout, "\n")
		var words []string
		for line := range strings.Lines(rest) {
			word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			words = append(words, word)
		}
		if kind != c.kind {
			t.Errorf("%s: %s, want %s", c.words, kind, c.kind)
		}
		for _, w := range strings.Fields(c.some) {
			if !slices.Contains(words, w) {
				t.Errorf("%s: %s is not among %v", c.words, w, words)
			}
		}
		for _, w := range strings.Fields(c.never) {
			if slices.Contains(words, w) {
				t.Errorf("%s: %s is among %v", c.words, w, words)
			}
		}
	}
}

// TestChoices: what completion offers is what the verbs take.
func TestChoices(t *testing.T) {
	t.Parallel()
	p := &program{registry: tasks.NewRegistry(fadeSpec(nil))}
	seen := 0
	for _, c := range p.app().Commands {
		for _, f := range c.Flags {
			flag, ok := f.(*choiceFlag)
			if !ok || len(flag.words) == 0 {
				continue
			}
			seen++
			for _, w := range flag.words {
				if !strings.Contains(flag.Usage, w) {
					t.Errorf("restore %s --%s: the help does not name %q", c.Name, flag.Name, w)
				}
				if _, _, err := pix.OutputFormat(pix.Meta{}, w); err != nil && flag.Name == "format" {
					t.Error(err)
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("%d flags have a choice", seen)
	}
}

// TestPlaceholders: every placeholder of the real program is one that
// completion knows, or stands for what cannot be completed.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	known := strings.Fields("DIR NAME=DIR FILE OUT INPUT... A B GLOB NAME|FILE [STEP=]NAME|FILE [TASK=]NAME|FILE TASK [NAME] [NAME|PIPELINE] PIPELINE SHELL")
	free := strings.Fields("N M SIZE DURATION TIME TEXT STEP DB SPDX FORMAT 1..100")
	var walk func([]*cli.Command)
	walk = func(list []*cli.Command) {
		for _, c := range list {
			for _, f := range c.Flags {
				if name := placeholderOf(f); name != "" && !slices.Contains(known, name) && !slices.Contains(free, name) {
					t.Errorf("restore %s: the placeholder %s of --%s is not known to completion", c.Name, name, f.Names()[0])
				}
			}
			walk(c.Subcommands)
		}
	}
	p := realProgram()
	walk(p.app().Commands)
}

// asRestore is an environment in which the command restore is this very program.
func asRestore(t *testing.T) (env []string) {
	t.Helper()
	dir := t.TempDir()
	self, err := filepath.Abs(os.Args[0])
	if err == nil {
		err = os.Symlink(self, filepath.Join(dir, "restore"))
	}
	if err != nil {
		t.Skip(err)
	}
	return append(os.Environ(), childVariable+"=1", "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func script(t *testing.T, shell string) string {
	t.Helper()
	r := restore(t, "completion", shell)
	r.want(t, exitDone)
	return writeFile(t, filepath.Join(t.TempDir(), "script"), []byte(r.stdout))
}

func lookShell(t *testing.T, shell string) string {
	t.Helper()
	path, err := exec.LookPath(shell)
	if err != nil {
		t.Skipf("there is no %s here", shell)
	}
	return path
}

// TestCompletionBash completes lines in bash, cut into words as bash does it:
// at blanks, = and :.
func TestCompletionBash(t *testing.T) {
	t.Parallel()
	bash := lookShell(t, "bash")
	file, env := script(t, "bash"), asRestore(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "in here", "a.png"), nil)
	writeFile(t, filepath.Join(dir, "inner.txt"), nil)
	const try = `source "$1"; shift; COMP_LINE=$1 COMP_POINT=${#1}; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
cur=${COMP_WORDS[COMP_CWORD]}; [[ $cur == [=:] ]] && cur=
_restore restore "$cur" ''; printf '%s\n' "${COMPREPLY[@]}"`
	for _, c := range []struct {
		line string
		want string
	}{
		{"restore deno", "denoise"},
		{"restore model e", "export"},
		{"restore denoise --form", "--format"},
		{"restore denoise --format ", "jpeg|png|tiff|bmp"},
		{"restore denoise --format=t", "tiff"},
		{"restore denoise --format=", "jpeg|png|tiff|bmp"},
		{"restore denoise  -o x   --strength au", "auto"},
		{"restore run -p denoise:st", "strength="},
		{"restore run -p denoise:strength=a", "auto"},
		{"restore run --pipeline=denoise:", "strength=|model="},
		{"restore denoise in", "in here|inner.txt"},
		{"restore denoise --truth in", "in here"},
		{"restore completion z", "zsh"},
		{"restore nosuch x", ""},
	} {
		cmd := exec.Command(bash, append([]string{"--norc", "-c", try, "bash", file, c.line}, bashWords(c.line)...)...)
		cmd.Env, cmd.Dir = env, dir
		out, err := cmd.CombinedOutput()
		if got := strings.ReplaceAll(strings.TrimSuffix(string(out), "\n"), "\n", "|"); err != nil || got != c.want {
			t.Errorf("%q: %q, want %q (%v)", c.line, got, c.want, err)
		}
	}
}

// bashWords cuts a line as bash does for COMP_WORDS.
func bashWords(line string) []string {
	words, open := []string{}, false
	for _, r := range line {
		switch {
		case r == ' ':
			open = false
		case r == '=' || r == ':':
			words, open = append(words, string(r)), false
		case open:
			words[len(words)-1] += string(r)
		default:
			words, open = append(words, string(r)), true
		}
	}
	if strings.HasSuffix(line, " ") {
		words = append(words, "")
	}
	return words
}

// TestCompletionFish: fish can be asked outright.
func TestCompletionFish(t *testing.T) {
	t.Parallel()
	fish := lookShell(t, "fish")
	file, env := script(t, "fish"), asRestore(t)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "in", "a.png"), nil)
	writeFile(t, filepath.Join(dir, "inner.txt"), nil)
	env = append(env, "HOME="+t.TempDir())
	for line, want := range map[string]string{
		"restore deno": "denoise", "restore denoise --format=t": "--format=tiff", "restore run -p denoise:st": "denoise:strength=",
		"restore denoise in": "in/|inner.txt", "restore denoise --truth in": "in/", "restore denoise --truth=in": "--truth=in/", "restore completion z": "zsh",
	} {
		cmd := exec.Command(fish, "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, line)
		cmd.Env, cmd.Dir = env, dir
		out, err := cmd.CombinedOutput()
		var words []string
		for line := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
			words = append(words, word)
		}
		if got := strings.Join(words, "|"); err != nil || got != want {
			t.Errorf("%q: %q, want %q (%v)", line, got, want, err)
		}
	}
}

// TestCompletionSyntax has zsh and PowerShell read their scripts.
func TestCompletionSyntax(t *testing.T) {
	t.Parallel()
	for shell, check := range map[string][]string{
		"zsh":        {"zsh", "-n"},
		"bash":       {"bash", "-n"},
		"powershell": {"pwsh", "-NoProfile", "-File"},
	} {
		t.Run(shell, func(t *testing.T) {
			path := lookShell(t, check[0])
			file := script(t, shell)
			if shell == "powershell" {
				if err := os.Rename(file, file+".ps1"); err != nil {
					t.Fatal(err)
				}
				file += ".ps1"
			}
			if out, err := exec.Command(path, append(check[1:], file)...).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	restore(t, "completion", "bosh").want(t, exitUsage, `did you mean "bash"`)
	restore(t, "completion").want(t, exitUsage, "say which shell")
}
