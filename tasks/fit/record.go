package fit

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// Record writes the scores of a table into the card of a model file, in place
// of those that it has for the same data; the weights stay as they are. Each
// row becomes one score for each column of figures, under the condition that
// the row's first column names.
func Record(path string, t tasks.Table, folders []string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("the scores cannot be recorded: %w", err)
	}
	f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("the scores cannot be recorded in %s: %w", path, err)
	}
	label := label(folders)
	var scores []modelfile.Score
	for _, s := range f.Metadata.Card.Scores {
		if s.Data != label {
			scores = append(scores, s)
		}
	}
	f.Metadata.Card.Scores = append(scores, scoresOf(t, label)...)
	return WriteFile(path, func(w io.Writer) error { return modelfile.Write(w, f, modelfile.F16) })
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

func scoresOf(t tasks.Table, data string) []modelfile.Score {
	column := map[string]int{}
	for i, name := range t.Columns {
		column[name] = i
	}
	var list []modelfile.Score
	for _, row := range t.Rows {
		for i, name := range t.Columns[1:] {
			value, ok := row[i+1].(float64)
			if !ok || strings.HasPrefix(name, "input_") {
				continue
			}
			s := modelfile.Score{Data: data, Case: fmt.Sprintf("%s %v", t.Columns[0], row[0]), Measure: name, Value: value}
			if at, ok := column["input_"+name]; ok {
				s.Input, _ = row[at].(float64)
			}
			list = append(list, s)
		}
	}
	return list
}
