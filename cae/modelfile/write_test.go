package modelfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// sample is a small file that uses every field; its weights are halves.
func sample() *File {
	return &File{
		Metadata: Metadata{
			FormatVersion: Version, Task: "denoise", Model: "fast",
			Network:  json.RawMessage(`{"nodes": ["<a>", "b\"é"]}`),
			Multiple: 8, Padding: "zero", InputRange: [2]float64{0, 1}, Colour: "sRGB",
			Classes: []Class{{"sky", [3]uint8{128, 128, 255}}, {"road", [3]uint8{}}},
			Card: Card{
				Data: []string{"photos/train"}, Command: "restore train denoise --steps 10",
				Program: "restore 0.1.0", Steps: 10, Gigapixels: 0.25, Hours: 1.5, CPU: "a CPU", Date: "2026-11-21",
				Scores: []Score{{Data: "photos/val", Case: "sigma 25", Measure: "psnr_db", Value: 31.5, Input: 20.17}},
				Limits: "not for film grain", Licence: "Apache-2.0",
			},
			Extra: map[string]string{"format": "pt", "made_by": "a newer program"},
		},
		Tensors: []Tensor{
			{"z.weight", []int{2, 1, 1, 3}, []float32{0, -1, 0.5, 65504, 0x1p-24, -0x1p-14}},
			{"z.bias", []int{2}, []float32{3, float32(math.Copysign(0, -1))}},
			{"a", []int{}, []float32{7}},
			{"none", []int{0, 4}, []float32{}},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, d := range []DType{F32, F16} {
		var b, again bytes.Buffer
		if err := Write(&b, sample(), d); err != nil {
			t.Fatal(err)
		}
		got, err := read(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(sample(), got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", d, diff)
		}
		if stored, err := ReadDType(bytes.NewReader(b.Bytes()), int64(b.Len())); err != nil || stored != d {
			t.Errorf("%s is called %s (error %v)", d, stored, err)
		}
		if !math.Signbit(float64(got.Tensors[1].Data[1])) {
			t.Errorf("%s: -0 came back as +0", d)
		}
		if err := Write(&again, got, d); err != nil || !bytes.Equal(b.Bytes(), again.Bytes()) {
			t.Errorf("%s: written again it has other bytes (error %v)", d, err)
		}
	}
}

// The bytes are the format's: another program can rely on them.
func TestWriteLayout(t *testing.T) {
	t.Parallel()
	f := &File{
		Metadata: Metadata{FormatVersion: 1, Task: "x", Extra: map[string]string{"b": "<&>", "a": "\""}},
		Tensors:  []Tensor{{"w", []int{1, 1}, []float32{1}}, {"b", []int{2}, []float32{-2, 0.1}}},
	}
	var b bytes.Buffer
	if err := Write(&b, f, F16); err != nil {
		t.Fatal(err)
	}
	head := `{"__metadata__":{"a":"\"","b":"<&>","format_version":"1","task":"x"},` +
		`"w":{"dtype":"F16","shape":[1,1],"data_offsets":[0,2]},"b":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}}`
	head += strings.Repeat(" ", 7-(len(head)-1)%8)
	want := string(raw(head, 0x00, 0x3c, 0x00, 0xc0, 0x66, 0x2e))
	if b.String() != want {
		t.Errorf("got  %q\nwant %q", b.String(), want)
	}
	if n := binary.LittleEndian.Uint64(b.Bytes()); n%8 != 0 {
		t.Errorf("a header of %d bytes: the data is not aligned", n)
	}
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	one := func(name string, shape []int, data ...float32) *File {
		return &File{Tensors: []Tensor{{name, shape, data}}}
	}
	meta := func(m Metadata) *File { return &File{Metadata: m} }
	many := map[string]string{}
	for i := range maxKeys + 1 {
		many[strings.Repeat("k", i)] = ""
	}
	tests := []struct {
		name, says string
		file       *File
		d          DType
	}{
		{"BF16", "BF16", one("w", nil, 1), "BF16"},
		{"65520", `"w": weight 1 is 65520`, one("w", []int{2}, 1, 65520), F16},
		{"-1e9", "write the file as F32", one("w", []int{1}, -1e9), F16},
		{"NaN", `"w": weight 0 is NaN`, one("w", []int{1}, float32(math.NaN())), F32},
		{"infinity", "weight 0 is +Inf", one("w", []int{1}, float32(math.Inf(1))), F16},
		{"too few", "wants 4 elements, there are 1", one("w", []int{2, 2}, 1), F32},
		{"too many", "wants 0 elements", one("w", []int{2, 0}, 1), F32},
		{"negative", "dimensions are", one("w", []int{-1, -1}, 1), F32},
		{"overflow", "product", one("w", []int{math.MaxInt32, math.MaxInt32, math.MaxInt32}, 1), F32},
		{"seven dimensions", "at most 6", one("w", make([]int, 7)), F32},
		{"metadata as name", "cannot be called", one("__metadata__", nil, 1), F32},
		{"name not UTF-8", "cannot be called", one("\xff", nil, 1), F32},
		{"same name", "stands twice", &File{Tensors: []Tensor{{"w", nil, []float32{1}}, {"w", nil, []float32{1}}}}, F32},
		{"no version", "set it to modelfile.Version", meta(Metadata{Task: "denoise"}), F32},
		{"newer version", "newer", meta(Metadata{FormatVersion: Version + 1}), F32},
		{"our key in Extra", `"card"`, meta(Metadata{FormatVersion: 1, Extra: map[string]string{"card": "{}"}}), F32},
		{"version in Extra", "not a version", meta(Metadata{Extra: map[string]string{"format_version": "x"}}), F32},
		{"Extra not UTF-8", "not UTF-8", meta(Metadata{Extra: map[string]string{"x": "\xff"}}), F32},
		{"network is no JSON", "no valid JSON", meta(Metadata{FormatVersion: 1, Network: json.RawMessage("{")}), F32},
		{"multiple", "positive", meta(Metadata{FormatVersion: 1, Multiple: -1}), F32},
		{"range", "upper end", meta(Metadata{FormatVersion: 1, InputRange: [2]float64{1, 0}}), F32},
		{"score", "card", meta(Metadata{FormatVersion: 1, Card: Card{Scores: []Score{{Value: math.NaN()}}}}), F32},
		{"hours", "card", meta(Metadata{FormatVersion: 1, Card: Card{Hours: math.Inf(1)}}), F32},
		{"many keys", "at most 1024", meta(Metadata{Extra: many}), F32},
		{"long header", "at most", one(strings.Repeat("w", maxHeader), nil, 1), F32},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			err := Write(&b, tt.file, tt.d)
			if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %.300v, want ErrFormat that says %q", err, tt.says)
			}
			if b.Len() > 0 {
				t.Errorf("%d bytes were written all the same", b.Len())
			}
		})
	}
}

type fullDisk struct{ room int }

var errFull = errors.New("no space left")

func (w *fullDisk) Write(b []byte) (int, error) {
	if len(b) > w.room {
		return w.room, errFull
	}
	w.room -= len(b)
	return len(b), nil
}

func TestWritePassesErrorsOn(t *testing.T) {
	t.Parallel()
	big := &File{Tensors: []Tensor{{"w", []int{1 << 16}, make([]float32, 1<<16)}}}
	for _, room := range []int{0, 100 << 10} {
		if err := Write(&fullDisk{room}, big, F32); !errors.Is(err, errFull) || errors.Is(err, ErrFormat) {
			t.Errorf("room for %d bytes: %v, want the writer's own error", room, err)
		}
	}
}

// Whatever can be written is read back as it was.
func TestAnyFileRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		f := &File{}
		names := rapid.SliceOfNDistinct(rapid.String().Filter(func(s string) bool { return s != metadataKey }), 0, 5, rapid.ID).Draw(r, "names")
		for _, name := range names {
			t := Tensor{Name: name, Shape: rapid.SliceOfN(rapid.IntRange(0, 4), 0, maxDims).Draw(r, "shape")}
			n := 1
			for _, d := range t.Shape {
				n *= d
			}
			t.Data = rapid.SliceOfN(rapid.Float32(), n, n).Draw(r, "data")
			f.Tensors = append(f.Tensors, t)
		}
		f.Metadata = Metadata{FormatVersion: 1, Task: rapid.String().Draw(r, "task"),
			Card: Card{Limits: rapid.String().Draw(r, "limits"), Steps: rapid.Int64().Draw(r, "steps")}}
		var b bytes.Buffer
		if err := Write(&b, f, F32); err != nil {
			r.Fatal(err)
		}
		got, err := read(b.Bytes())
		if err != nil {
			r.Fatal(err)
		}
		if len(f.Tensors) == 0 {
			f.Tensors = got.Tensors // nil or empty: both are none
		}
		if d := cmp.Diff(f, got); d != "" {
			r.Fatalf("(-want +got)\n%s", d)
		}
	})
}
