package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestEarlierPassedOver: outputs and the report of an earlier run that lie in
// INPUT are no originals, and the run says so.
func TestEarlierPassedOver(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	clean, report := filepath.Join(in, "clean"), filepath.Join(in, "report")
	restore(t, "fade", in, "-o", clean, "--report", report, "--exclude", "clean", "--exclude", "report").want(t, exitDone, "2 restored")
	said := []string{
		"restore: passed over " + clean + ": the output folder of an earlier run; name it as INPUT to take its pictures\n",
		"restore: passed over " + report + ": the report of an earlier run; name it as INPUT to take its pictures\n",
	}
	restore(t, "fade", in, "-o", out, "--dry-run").want(t, exitDone, append(said, "dry run: 2 to do")...)
	r := restore(t, "fade", in, "-o", out+"q", "--quiet")
	r.want(t, exitDone)
	if r.stderr != "" {
		t.Errorf("quiet, yet it says %q", r.stderr)
	}
	r = restore(t, "fade", in, "-o", out, "--json")
	r.want(t, exitDone, said...)
	if strings.Contains(r.stdout, "passed over") || !strings.Contains(r.stdout, `"restored":2`) {
		t.Errorf("events:\n%s", r.stdout)
	}
	restore(t, "fade", clean, "-o", out+"2").want(t, exitDone, "2 restored")
	restore(t, "watch", "-p", "fade", in, "-o", out+"3", "--once", "--settle", "1ms").want(t, exitDone, "2 restored", "not watched: "+clean+": it is the output folder of an earlier run")
}

// TestExcludeNothing: a pattern that left nothing out is named at the start, with
// what to write where it begins with the input's own name.
func TestExcludeNothing(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	r := restore(t, "fade", in, "-o", out, "--exclude", "sub", "--exclude", "in/sub/*.png", "--exclude", "*.bka")
	r.want(t, exitDone, "1 restored", "restore: --exclude 'in/sub/*.png' left nothing out; patterns are relative to each INPUT: write --exclude 'sub/*.png'\n",
		"restore: --exclude '*.bka' left nothing out\n")
	if strings.Contains(r.stderr, "exclude sub ") || strings.Index(r.stderr, "left nothing out") > strings.Index(r.stderr, "to work on") {
		t.Errorf("it says %q", r.stderr)
	}
	report := filepath.Join(in, "report") // not there yet
	for _, more := range []string{"--quiet", "--report=" + report} {
		r := restore(t, "fade", in, "-o", out, "--exclude", "report", more)
		r.want(t, exitDone)
		if strings.Contains(r.stderr, "left nothing out") {
			t.Errorf("%s: it says %q", more, r.stderr)
		}
	}
}

// TestModelMisspelt: a name that is no file by its looks is a mistake of usage.
func TestModelMisspelt(t *testing.T) {
	t.Parallel()
	in, out := folder(t)
	for name, want := range map[string]struct {
		code int
		says string
	}{
		"sotf": {exitUsage, `unusable model "sotf": it is neither a file nor a shipped model; shipped are: fade:soft; did you mean "soft"?`}, "fade:sofd": {exitUsage, `did you mean "fade:soft"?`},
		"frobnicate": {exitUsage, "a shipped model; shipped are"}, "soft.safetensors": {exitEnvironment, "neither a file"}, "./sotf": {exitEnvironment, "neither a file"}, "hard": {exitEnvironment, "not shipped"},
	} {
		restore(t, "fade", in, "-o", out, "--model", name).want(t, want.code, want.says)
		restore(t, "run", "-p", "fade:model="+`"`+name+`"`, in, "-o", out).want(t, want.code, want.says)
	}
	if exists(out) {
		t.Error("the output folder was made")
	}
}
