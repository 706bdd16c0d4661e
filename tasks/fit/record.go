package fit

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// Record writes the scores of a table into the card of a model file; the weights
// stay as they are, and so does the type that they are stored as. Each row becomes one score for each column of figures, under
// the condition that the row's first column names.
//
// settings say how the table was made where that is not the usual way, such as
// "noise camera": they follow the condition. Scores that the file has for the
// same data and settings are replaced, others stay. Values that are not finite
// are left out, as the card's JSON cannot hold them.
func Record(path string, t tasks.Table, folders, settings []string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the scores cannot be recorded: %w", err)
	}
	f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("the scores cannot be recorded in %s: %w", path, err)
	}
	dtype, err := modelfile.ReadDType(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("the scores cannot be recorded in %s: %w", path, err)
	}
	label, suffix := label(folders), ""
	if len(settings) > 0 {
		suffix = " (" + strings.Join(settings, ", ") + ")"
	}
	scores := scoresOf(t, label, suffix)
	replaced := func(old modelfile.Score) bool {
		return old.Data == label && (settingsOf(old.Case) == suffix || slices.ContainsFunc(scores, func(s modelfile.Score) bool {
			return s.Case == old.Case && s.Measure == old.Measure // the condition's own text may end in brackets
		}))
	}
	f.Metadata.Card.Scores = append(slices.DeleteFunc(f.Metadata.Card.Scores, replaced), scores...)
	return WriteFile(path, func(w io.Writer) error { return modelfile.Write(w, f, dtype) })
}

// settingsOf is what Record appended to a condition.
func settingsOf(condition string) string {
	if at := strings.Index(condition, " ("); at >= 0 && strings.HasSuffix(condition, ")") {
		return condition[at:]
	}
	return ""
}

// label names folders by their last two names, as the cards do.
func label(folders []string) string {
	var names []string
	for _, folder := range folders {
		whole, err := filepath.Abs(folder)
		if err != nil {
			whole = folder
		}
		names = append(names, filepath.ToSlash(filepath.Join(filepath.Base(filepath.Dir(whole)), filepath.Base(whole))))
	}
	return strings.Join(names, " + ")
}

func scoresOf(t tasks.Table, data, suffix string) []modelfile.Score {
	column := map[string]int{}
	for i, name := range t.Columns {
		column[name] = i
	}
	var list []modelfile.Score
	for _, row := range t.Rows {
		figure := func(i int) (float64, bool) {
			v, ok := row[i].(float64)
			if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
				return 0, false
			}
			return v, true
		}
		for i, name := range t.Columns[1:] {
			value, ok := figure(i + 1)
			if !ok || strings.HasPrefix(name, "input_") {
				continue
			}
			s := modelfile.Score{Data: data, Case: fmt.Sprintf("%s %v%s", t.Columns[0], row[0], suffix), Measure: name, Value: value}
			if at, ok := column["input_"+name]; ok {
				s.Input, _ = figure(at)
			}
			list = append(list, s)
		}
	}
	return list
}
