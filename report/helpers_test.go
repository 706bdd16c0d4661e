package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pipeline"
	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// open returns the writer of the report in dir/report, of a run into dir/out.
func open(t *testing.T, dir string, perPage int) *Writer {
	t.Helper()
	w, err := New(filepath.Join(dir, "report"), Options{
		Out: filepath.Join(dir, "out"), Pipeline: "denoise:strength=20", Version: "v1.2.3", PerPage: perPage,
		Advice: func(error) string { return "; try again" },
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func start(t *testing.T, dir string, perPage, total int) *Writer {
	t.Helper()
	w := open(t, dir, perPage)
	if err := w.Start(total); err != nil {
		t.Fatal(err)
	}
	return w
}

func finish(t *testing.T, w *Writer) {
	t.Helper()
	if err := w.Close(&pipeline.Report{Seconds: 2}, nil); err != nil {
		t.Error(err)
	}
}

// restored tells the writer of a picture whose right half a step made darker.
func restored(w *Writer, dir, name string, width, height int) {
	before := painted(width, height, 3)
	after := before.Like()
	for p, plane := range before.Planes {
		for i, v := range plane {
			if i%width >= width/2 {
				v -= 9000
			}
			after.Planes[p][i] = v
		}
	}
	res := result(dir, name, pipeline.Restored)
	res.W, res.H = width, height
	res.Notes = []tasks.Note{{Step: "denoise", Key: "measured", Value: 12.5}, {Step: "denoise", Key: "model", Value: "fast"}, {Step: "segment", Key: "damaged", Value: 0.732, Unit: "%"}}
	w.Inspect(&res, before, after)
	w.Done(res)
}

func failed(w *Writer, dir, name string) {
	res := result(dir, name, pipeline.Failed)
	res.Output, res.Err = "", &pipeline.Error{Kind: pipeline.KindInput, Item: res.Item.Path, Step: "decode", Err: errors.New("the file is damaged")}
	w.Done(res)
}

func result(dir, name string, o pipeline.Outcome) pipeline.Result {
	return pipeline.Result{
		Item: pipeline.Item{Path: filepath.Join(dir, "in", filepath.FromSlash(name)), Rel: name}, Outcome: o,
		Output: filepath.Join(dir, "out", filepath.FromSlash(name)), Why: "its output is there", Seconds: 0.5,
	}
}

func painted(w, h, planes int) *pix.Image {
	m := pix.New(w, h, planes)
	for p, plane := range m.Planes {
		for i := range plane {
			plane[i] = uint16(20000 + 5000*p + 37*(i%w) + 53*(i/w)%9000)
		}
	}
	return m
}

// document is a page as a parser sees it.
type document struct {
	raw      string
	elements []element
}

type element struct {
	name string
	attr map[string]string
	text string // all that is in it
}

// parse reads a page, which is well-formed XML too, so that unclosed elements and
// raw marks of names cannot hide.
func parse(t *testing.T, name string) document {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	doc := document{raw: string(raw)}
	var within []int
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			within = append(within, len(doc.elements))
			doc.elements = append(doc.elements, e)
		case xml.EndElement:
			within = within[:len(within)-1]
		case xml.CharData:
			for _, i := range within {
				doc.elements[i].text += string(token)
			}
		}
	}
	return doc
}

// all returns the elements of a name; with class, those of that class alone.
func (d document) all(name, class string) (list []element) {
	for _, e := range d.elements {
		if e.name == name && (class == "" || e.attr["class"] == class) {
			list = append(list, e)
		}
	}
	return list
}

// titles are the names of the pictures, in their order.
func (d document) titles() (list []string) {
	for _, e := range d.all("h3", "") {
		list = append(list, e.text)
	}
	return list
}

type jsonReport struct {
	Format  int
	Summary Summary
	Runs    []Run
	Items   []Entry
}

func readJSON(t *testing.T, dir string) (r jsonReport) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "report", "report.json"))
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r jsonReport) names() (list []string) {
	for _, e := range r.Items {
		list = append(list, e.Name)
	}
	return list
}

// decoded reads a small picture of the report.
func decoded(t *testing.T, dir, name string) *pix.Image {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "report", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := pix.Decode(f, pix.DefaultLimits)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m
}

func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("it does not say %q, but:\n%s", part, text)
		}
	}
}
