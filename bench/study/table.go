package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// row is a trial with what it cost and scored.
type row struct {
	trial
	kMAC       float64 // a pixel
	params     int
	steps      int
	megapixels float64 // of patches
	psnr       []float64
	score      float64
}

// read takes the last score from the log of the trial's training.
func (r *row) read(dir string) error {
	f, err := os.Open(filepath.Join(dir, "log.jsonl"))
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			Kind  string
			Step  int
			Score float64
			Table struct {
				Columns []string
				Rows    [][]any
			}
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Kind != "score" || e.Step != r.steps {
			continue
		}
		r.score, r.psnr = e.Score, nil
		for _, values := range e.Table.Rows {
			for i, name := range e.Table.Columns {
				if v, ok := values[i].(float64); ok && name == "psnr" {
					r.psnr = append(r.psnr, v)
				}
			}
		}
	}
	if r.psnr == nil {
		return fmt.Errorf("%s holds no score of step %d", f.Name(), r.steps)
	}
	return lines.Err()
}

// print writes the rows as a table in Markdown.
func print(w io.Writer, rows []row) {
	fmt.Fprintln(w, "| what | trial | kMAC | parameters | Mpx | sigma 15 | 25 | 50 | mean |\n|---|---|---|---|---|---|---|---|---|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %s | %.1f | %.2f M | %.0f |", r.group, r.name, r.kMAC, float64(r.params)/1e6, r.megapixels)
		for _, v := range r.psnr {
			fmt.Fprintf(w, " %.2f |", v)
		}
		if r.psnr != nil {
			fmt.Fprintf(w, " %.3f |", r.score)
		}
		fmt.Fprintln(w)
	}
}
