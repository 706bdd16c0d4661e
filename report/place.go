package report

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/cae-restore/restore/pipeline"
)

// Place refuses report folders whose small pictures would be taken for pictures:
// dir may not lie inside an input folder, where the next run would find them,
// unless it is hidden there or rules leave it out. Inside the output folder it must be hidden,
// as what stands there is outputs, and hidden files are none. out may not lie
// inside dir. inputs are as of pipeline.NewFolder. Errors are of
// pipeline.KindUsage.
func Place(dir, out string, inputs []string, rules pipeline.Rules) error {
	real, err := pipeline.RealPath(dir)
	if err != nil {
		return usagef("the report folder %s: %w", dir, err)
	}
	if out, err := pipeline.RealPath(out); err == nil {
		if rel, inside := pipeline.Below(out, real); inside && !leftOut(pipeline.Rules{}, rel) {
			return usagef("the report folder %s lies among the outputs, where its small pictures would be taken for some; "+
				"choose one beside the output folder, or a hidden one in it, such as %s", dir, filepath.Join(out, ".report"))
		}
		if _, inside := pipeline.Below(real, out); inside {
			return usagef("the output folder lies inside the report folder %s; choose another for the report", dir)
		}
	}
	for _, root := range roots(inputs, dir, rules) {
		at, err := pipeline.RealPath(root)
		if err != nil {
			continue // what is wrong with an input is not said here
		}
		if rel, inside := pipeline.Below(at, real); inside && !leftOut(rules, rel) {
			return usagef("the report folder %s lies inside the input folder %s, where the next run would take its small pictures for input; "+
				"choose another, a hidden one, or leave it out with --exclude", dir, root)
		}
	}
	return nil
}

// leftOut reports whether a walk that begins above rel does not come to it.
func leftOut(rules pipeline.Rules, rel string) bool {
	if rel == "." {
		return false
	}
	for at := rel; at != "."; at = filepath.ToSlash(filepath.Dir(at)) {
		if rules.LeaveOut(at) {
			return true
		}
	}
	return false
}

// roots are the folders that are walked for inputs. A pattern also stands for the
// folders above dir, and dir itself, that it would match once they are there.
func roots(inputs []string, dir string, rules pipeline.Rules) (list []string) {
	for _, input := range inputs {
		if info, err := os.Stat(input); err == nil {
			if info.IsDir() {
				list = append(list, input)
			}
			continue
		}
		if !strings.ContainsAny(input, "*?[") {
			continue
		}
		matches, _ := filepath.Glob(input)
		pattern, errP := filepath.Abs(input)
		at, errD := filepath.Abs(dir)
		if errP == nil && errD == nil {
			for up := filepath.Dir(at); up != at; at, up = up, filepath.Dir(up) {
				if ok, _ := filepath.Match(pattern, at); ok {
					matches = append(matches, at)
				}
			}
		}
		for _, match := range matches {
			if !rules.LeaveOut(filepath.Base(match)) {
				list = append(list, match)
			}
		}
	}
	return list
}
