package main

import "testing"

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 pictures", 1: "1 picture", 2: "2 pictures"} {
		if got := count(n, "picture"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"--data": "--data", "a/b-1.x": "a/b-1.x", "my photos": "'my photos'", "it's": `'it'\''s'`, "$HOME": "'$HOME'", "": "''", "~/x": "'~/x'", "*": "'*'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: got %s, want %s", word, got, want)
		}
	}
}
