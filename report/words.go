package report

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// words are the functions of the template.
var words = template.FuncMap{
	"name":    pipeline.Printable,
	"number":  number,
	"percent": func(part, whole int) string { return fmt.Sprintf("%.3f%%", 100*float64(part)/float64(max(whole, 1))) },
	"seconds": seconds,
	"change":  change,
	"gain":    gain,
	"time":    func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") },
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"title":   func(o pipeline.Outcome) string { return titles[o] },
	"steps":   stepsOf,
	"lost":    lost,
	"written": written,
	"value":   value,
	"count":   count,
	"head":    headline,
	"caption": caption,
	"rate":    func(r *Run) string { return number(r.Megapixels / max(r.Seconds, 1e-3)) },
	"done": func(r *Run) int {
		return r.Restored + r.Copied + r.Examined + r.Current + r.Skipped + r.Failed + r.Planned + r.Ignored
	},
}

var titles = map[pipeline.Outcome]string{
	pipeline.Failed: "Failed", pipeline.Restored: "Restored", pipeline.Copied: "Copied, as nothing was to be changed",
	pipeline.Examined: "Examined, and left as they are", pipeline.Skipped: "Skipped", pipeline.Current: "Current: done by an earlier run", pipeline.Planned: "Planned",
}

// number writes three digits, or all of a larger number.
func number(v float64) string {
	switch {
	case math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v == 0 || math.Abs(v) >= 0.01:
		return fmt.Sprintf("%.3g", v)
	}
	return "under 0.01"
}

func seconds(s float64) string {
	switch {
	case s < 60:
		return number(s) + " s"
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%d h %d min", int(s)/3600, int(s)/60%60)
}

// change writes two PSNR. One that is nil is that of a picture which equals its
// clean original.
func change(before, after *float64) string {
	switch {
	case before == nil && after == nil:
		return "equal before and after"
	case before == nil:
		return fmt.Sprintf("equal → %.2f dB", *after)
	case after == nil:
		return fmt.Sprintf("%.2f dB → equal", *before)
	}
	return fmt.Sprintf("%.2f → %.2f dB", *before, *after)
}

// gain is empty where there is no difference of two numbers.
func gain(before, after *float64) string {
	if before == nil || after == nil {
		return ""
	}
	return fmt.Sprintf("%+.2f dB", *after-*before)
}

func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// headline says what became of the pictures, the worst first.
func headline(s *Summary) string {
	var list []string
	for _, part := range []struct {
		n    int
		what string
	}{{s.Failed, "failed"}, {s.Restored, "restored"}, {s.Examined, "examined"}} {
		switch {
		case part.n == 0 && (part.what != "restored" || s.Examined > 0):
		case list == nil:
			list = append(list, count(part.n, "picture")+" "+part.what)
		default:
			list = append(list, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	return strings.Join(list, ", ")
}

// caption says what a detail shows. Of a picture that was examined nothing has
// changed: what differs is what was found in it.
func caption(o pipeline.Outcome, text string) string {
	if o == pipeline.Examined {
		return strings.Replace(text, "where it changed most", "where most was found", 1)
	}
	return text
}

// step is what one step found and did.
type step struct {
	Name  string
	Notes []Note
}

// stepsOf puts together the notes that follow each other and are of one step,
// without those that lost tells.
func stepsOf(notes []Note) (list []step) {
	for _, n := range notes {
		if ofOutput(n) {
			continue
		}
		if k := len(list); k == 0 || list[k-1].Name != n.Step {
			list = append(list, step{Name: n.Step})
		}
		last := &list[len(list)-1]
		last.Notes = append(last.Notes, n)
	}
	return list
}

// ofOutput reports whether a note tells what the output lacks of the metadata.
// Package pipeline makes them.
func ofOutput(n Note) bool { return n.Step == "output" && n.Key == "left_out" }

// lost says what of the metadata the output lacks and why, without what the
// words beside it say: "XMP: PNG cannot hold it".
func lost(notes []Note) (list []string) {
	for _, n := range notes {
		if ofOutput(n) {
			list = append(list, strings.Replace(value(n.Value), " not carried over: ", ": ", 1))
		}
	}
	return list
}

// formats are the names of formats as people write them.
var formats = map[string]string{
	"jpeg": "JPEG", "png": "PNG", "tiff": "TIFF", "bmp": "BMP", "gif": "GIF", "webp": "WebP", "heic": "HEIC", "avif": "AVIF", "jxl": "JPEG XL", "jp2": "JPEG 2000",
}

func formatName(format string) string {
	if name := formats[format]; name != "" {
		return name
	}
	return pipeline.Printable(format)
}

// written says in what the file of the output differs from that of the input.
func written(in, out *Form) string {
	var list []string
	if in.Format != out.Format {
		list = append(list, formatName(in.Format)+", written as "+formatName(out.Format))
	}
	if in.Depth != out.Depth {
		list = append(list, fmt.Sprintf("%d bits, written as %d", in.Depth, out.Depth))
	}
	return strings.Join(list, "; ")
}

// value writes what a note says.
func value(v any) string {
	switch v := v.(type) {
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 0, 64)
		}
		return strconv.FormatFloat(v, 'g', 4, 64)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		return pipeline.Printable(v)
	}
	return fmt.Sprint(v)
}
