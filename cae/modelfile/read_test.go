package modelfile

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// raw puts a file together from a header's text and the data's bytes.
func raw(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func read(b []byte) (*File, error) { return Read(bytes.NewReader(b), int64(len(b))) }

// A file as other programs write them: keys in another order, white space,
// escapes, an array of no elements, a single number, trailing spaces.
func TestReadFilesOfOthers(t *testing.T) {
	t.Parallel()
	b := raw(`{ "b" : {"shape":[1, 2],"data_offsets":[2,10],"dtype":"F32"},
		"__metadata__":{"format":"pt","task":"\u00e9\n"},
		"a\"":{"dtype":"F16","shape":[],"data_offsets":[0,2]},
		"none":{"dtype":"F32","shape":[0,9],"data_offsets":[10,10]}}   `,
		0x00, 0xc0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x3f)
	got, err := read(b)
	if err != nil {
		t.Fatal(err)
	}
	want := &File{
		Metadata: Metadata{Extra: map[string]string{"format": "pt", "task": "é\n"}},
		Tensors: []Tensor{
			{"b", []int{1, 2}, []float32{1, 0.5}},
			{`a"`, []int{}, []float32{-2}},
			{"none", []int{0, 9}, []float32{}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	if d, err := ReadDType(bytes.NewReader(b), int64(len(b))); err != nil || d != F32 {
		t.Errorf("F32 and F16 count as %s (error %v), want F32", d, err)
	}
	if _, err := ReadDType(bytes.NewReader(b), 9); !errors.Is(err, ErrFormat) {
		t.Errorf("the type of a file that is cut off: error %v, want ErrFormat", err)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"w":{"dtype":"%s","shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	meta := func(text string) string { return `{"__metadata__":{"format_version":"1",` + text + `}}` }
	four := []byte{0, 0, 0, 0}
	long := raw(strings.Repeat(" ", maxHeader+1))
	tests := []struct {
		name, says string
		file       []byte
	}{
		{"empty", "too few", nil},
		{"short", "too few", []byte("abcdefg")},
		{"text", "not a safetensors file", []byte("a file of some other kind")},
		{"header beyond the end", "cut off", raw(`{}`)[:9]},
		{"header of 2^64-1", "cut off", append(bytes.Repeat([]byte{255}, 8), '{', '}')},
		{"header over the limit", "at most", long},
		{"no header", "no JSON object", raw("")},
		{"array", "no JSON object", raw("[]")},
		{"half a header", "no JSON object", raw(`{"w":`)},
		{"two objects", "no JSON object", raw(`{}{}`)},
		{"not UTF-8", "not UTF-8", raw("{\"\xff\":1}")},
		{"tensor is a number", "object", raw(`{"w":1}`)},
		{"BF16", "BF16", raw(one("BF16", "[2]", "[0,4]"), four...)},
		{"F64", "F64", raw(one("F64", "[1]", "[0,8]"), make([]byte, 8)...)},
		{"I64", "I64", raw(one("I64", "[1]", "[0,8]"), make([]byte, 8)...)},
		{"lower case", "f32", raw(one("f32", "[1]", "[0,4]"), four...)},
		{"dtype is a number", "dtype", raw(`{"w":{"dtype":32,"shape":[1],"data_offsets":[0,4]}}`, four...)},
		{"no dtype", "needs a dtype", raw(`{"w":{"shape":[1],"data_offsets":[0,4]}}`, four...)},
		{"no shape", "needs a dtype", raw(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, four...)},
		{"no offsets", "needs a dtype", raw(`{"w":{"dtype":"F32","shape":[1]}}`, four...)},
		{"one offset", "two data_offsets", raw(one("F32", "[1]", "[0]"), four...)},
		{"three offsets", "more than 2", raw(one("F32", "[1]", "[0,4,4]"), four...)},
		{"unknown key", "unknown key", raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":[{}]}}`, four...)},
		{"shape is a text", "shape", raw(one("F32", `"1"`, "[0,4]"), four...)},
		{"shape of lists", "number", raw(one("F32", "[[1]]", "[0,4]"), four...)},
		{"negative", "negative", raw(one("F32", "[-1]", "[0,4]"), four...)},
		{"two negatives", "negative", raw(one("F32", "[-1,-1]", "[0,4]"), four...)},
		{"fraction", "not whole", raw(one("F32", "[1.0]", "[0,4]"), four...)},
		{"exponent", "not whole", raw(one("F32", "[1e0]", "[0,4]"), four...)},
		{"huge number", "too large", raw(one("F32", "[99999999999999999999]", "[0,4]"), four...)},
		{"dimension of 2^31", "dimensions are", raw(one("F32", "[0,2147483648]", "[0,0]"))},
		{"product of 2^64", "product", raw(one("F32", "[2147483647,2147483647,2147483647]", "[0,4]"), four...)},
		{"product wraps to 0", "product", raw(one("F16", "[65536,65536,65536,65536]", "[0,0]"))},
		{"product wraps to 1", "product", raw(one("F32", "[1431655765,3,5,257,641,6700417]", "[0,4]"), four...)}, // (2^32-1)(2^32+1) = 2^64-1
		{"seven dimensions", "more than 6", raw(one("F32", "[1,1,1,1,1,1,1]", "[0,4]"), four...)},
		{"shape too small", "does not take", raw(one("F32", "[1]", "[0,8]"), make([]byte, 8)...)},
		{"shape too large", "does not take", raw(one("F16", "[3]", "[0,4]"), four...)},
		{"backwards", "do not lie", raw(one("F32", "[1]", "[4,0]"), four...)},
		{"beyond the end", "do not lie", raw(one("F32", "[2]", "[0,8]"), four...)},
		{"trailing bytes", "1 bytes after", raw(one("F32", "[1]", "[0,4]"), 0, 0, 0, 0, 0)},
		{"only bytes", "4 bytes after", raw("{}", four...)},
		{"hole in front", "belong to none", raw(one("F16", "[1]", "[2,4]"), four...)},
		{"hole", "belong to none", raw(`{"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},
			"b":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}`, 0, 0, 0, 0, 0, 0)},
		{"overlap", "within the one before", raw(`{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
			"b":{"dtype":"F16","shape":[2],"data_offsets":[2,6]}}`, 0, 0, 0, 0, 0, 0)},
		{"same bytes", "within the one before", raw(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
			"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...)},
		{"same name", `"w" stands twice`, raw(`{"w":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},
			"\u0077":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}`, four...)},
		{"dtype twice", "twice", raw(`{"w":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, four...)},
		{"shape twice", "twice", raw(`{"w":{"dtype":"F32","shape":[],"shape":[1],"data_offsets":[0,4]}}`, four...)},
		{"metadata twice", "twice", raw(`{"__metadata__":{},"__metadata__":{}}`)},
		{"key twice", `"a" stands twice`, raw(`{"__metadata__":{"a":"1","a":"2"}}`)},
		{"metadata is a text", "__metadata__", raw(`{"__metadata__":"x"}`)},
		{"metadata of numbers", `"a"`, raw(`{"__metadata__":{"a":1}}`)},
		{"infinite F16", "weight 1 is -Inf", raw(one("F16", "[2]", "[0,4]"), 0, 0, 0, 0xfc)},
		{"NaN F32", `tensor "w": weight 0 is NaN`, raw(one("F32", "[1]", "[0,4]"), 0, 0, 0xc0, 0x7f)},
		{"deep", "no JSON object", raw(`{"a":` + strings.Repeat("[", 1<<20))},
		{"deep but closed", "object", raw(`{"a":` + strings.Repeat("[", 999) + strings.Repeat("]", 999) + `}`)},
		{"deep network", "64 deep", raw(meta(`"network":"` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `"`))},
		{"network is no JSON", "no valid JSON", raw(meta(`"network":"{"`))},
		{"version 0", "not a version", raw(`{"__metadata__":{"format_version":"0"}}`)},
		{"version 2", "newer program", raw(`{"__metadata__":{"format_version":"2"}}`)},
		{"multiple", "positive", raw(meta(`"size_multiple":"-4"`))},
		{"range of one", "upper end", raw(meta(`"input_range":"[1]"`))},
		{"card is a list", "card", raw(meta(`"card":"[]"`))},
		{"card of many", "values", raw(meta(`"card":"{\"scores\":[` + strings.Repeat("{},", 9999) + `{}]}"`))},
		{"long card", "at most", raw(meta(`"card":"{\"limits\":\"` + strings.Repeat("x", maxCardText) + `\"}"`))},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f, err := read(tt.file)
			if !errors.Is(err, ErrFormat) {
				t.Fatalf("got %v, %v, want ErrFormat", f, err)
			}
			if !strings.Contains(err.Error(), tt.says) {
				t.Errorf("the error is %q, want one that says %q", err, tt.says)
			}
			if len(err.Error()) > 400 {
				t.Errorf("an error of %d bytes: what a file holds must not flood the log", len(err.Error()))
			}
		})
	}
}

// Names are unescaped as encoding/json does it.
func TestUnquote(t *testing.T) {
	t.Parallel()
	for _, s := range []string{`""`, `"a"`, `"\"\\\/\b\f\n\r\t"`, `"x\u00e9y\uFFfd\u0000"`, `"\ud83d\ude00z"`,
		`"\ud83d"`, `"\ud83dx"`, `"\ud83d\u0041"`, `"\ude00\ud83d"`, `"\ud83d\ud83d\ude00"`, `"é\\"`} {
		var want string
		if err := json.Unmarshal([]byte(s), &want); err != nil {
			t.Fatal(err)
		}
		if got := unquote([]byte(s)); got != want {
			t.Errorf("%s became %q, want %q", s, got, want)
		}
	}
}

// A file cut off anywhere is refused, also where the size still is the old one.
func TestReadCutOff(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := Write(&b, sample(), F16); err != nil {
		t.Fatal(err)
	}
	whole := b.Bytes()
	for n := range whole {
		if _, err := read(whole[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("cut to %d of %d bytes: %v, want ErrFormat", n, len(whole), err)
		}
		if _, err := Read(bytes.NewReader(whole[:n]), int64(len(whole))); !errors.Is(err, ErrFormat) {
			t.Errorf("ends after %d of %d bytes: %v, want ErrFormat", n, len(whole), err)
		}
	}
}

type brokenReader struct{ after int64 }

var errBroken = errors.New("the disk is gone")

func (r brokenReader) ReadAt(b []byte, at int64) (int, error) {
	if at >= r.after {
		return 0, errBroken
	}
	return bytes.NewReader(raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)).ReadAt(b, at)
}

func TestReadPassesErrorsOn(t *testing.T) {
	t.Parallel()
	size := int64(len(raw(`{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0, 0, 0, 0)))
	for _, after := range []int64{0, 8, size - 4} {
		_, err := Read(brokenReader{after}, size)
		if !errors.Is(err, errBroken) || errors.Is(err, ErrFormat) {
			t.Errorf("failing from byte %d: %v, want the reader's own error", after, err)
		}
	}
	if _, err := Read(brokenReader{size}, size); err != nil {
		t.Errorf("not failing: %v", err)
	}
}

// Not parallel: it measures what the whole process allocates.
func TestReadAllocatesLittle(t *testing.T) {
	list := func(n int, f string, closing string, data []byte) []byte {
		var b strings.Builder
		b.WriteByte('{')
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(strings.NewReplacer("@", fmt.Sprintf("%x", i),
				"SPAN", fmt.Sprintf("[%d,%d]", 2*i, 2*i+2)).Replace(f))
		}
		b.WriteString(closing)
		return raw(b.String(), data...)
	}
	const n = 40_000
	tests := map[string][]byte{
		"claims 16 EiB":    append(bytes.Repeat([]byte{255}, 8), '{', '}'),
		"claims 16 MiB":    binary.LittleEndian.AppendUint64(nil, maxHeader),
		"claims big shape": raw(`{"w":{"dtype":"F32","shape":[2147483647,2147483647],"data_offsets":[0,18446744056529682436]}}`),
		"weights as F16":   raw(fmt.Sprintf(`{"w":{"dtype":"F16","shape":[%d],"data_offsets":[0,%d]}}`, 4<<20, 8<<20), make([]byte, 8<<20)...),
		"small tensors":    list(n, `"@":{"dtype":"F16","shape":[1,1,1,1,1,1],"data_offsets":SPAN}`, "}", make([]byte, 2*n)),
		"empty tensors":    list(n, `"@":{"dtype":"F16","shape":[0],"data_offsets":[0,0]}`, "}", nil),
		"pairs as names":   list(n, `"\ud83d\ude00@":{"dtype":"F16","shape":[1],"data_offsets":SPAN}`, "}", make([]byte, 2*n)),
		"escaped names":    list(n, `"\u0041@":{"dtype":"F16","shape":[1],"data_offsets":SPAN}`, "}", make([]byte, 2*n)),
		"many keys":        raw(`{"__metadata__":` + string(list(n, `"@":""`, "}}", nil)[8:])),
		"empty objects":    list(n, `"@":{}`, "}", nil),
		"escaped network":  raw(`{"__metadata__":{"format_version":"1","network":"[` + strings.Repeat(`\"\",`, 1<<20) + `1]"}}`),
		"card of objects":  raw(`{"__metadata__":{"format_version":"1","card":"{\"scores\":[` + strings.Repeat(`{},`, 1<<20) + `{}]}"}}`),
		"nested":           raw(`{"a":` + strings.Repeat("[", 4<<20)),
		"nested objects":   raw(strings.Repeat(`{"":`, 1<<20)),
	}
	for name, b := range tests {
		r := bytes.NewReader(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Read(r, int64(len(b)))
		runtime.ReadMemStats(&after)
		got, limit := after.TotalAlloc-before.TotalAlloc, uint64(4*len(b)+1<<20)
		t.Logf("%-16s %9d bytes, allocates %9d (%.2f times), error %.60v", name, len(b), got, float64(got)/float64(len(b)), err)
		if got > limit {
			t.Errorf("%s: a file of %d bytes made the reader allocate %d, at most %d are allowed", name, len(b), got, limit)
		}
	}
}

// Run it with -fuzzminimizetime 20x: with the default the fuzzer spends its time
// on making inputs shorter.
func FuzzRead(f *testing.F) {
	for _, d := range []DType{F32, F16} {
		var b bytes.Buffer
		if err := Write(&b, sample(), d); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add(raw(`{"w":{"dtype":"F32","shape":[0,1],"data_offsets":[0,0]}}`))
	f.Add(raw(`{"\u0061":{"dtype":"F16","shape":[],"data_offsets":[0,2]},"__metadata__":{"format":"pt"}} `, 0, 0x3c))
	f.Add(raw(`{"__metadata__":{"format_version":"1","card":"{\"scores\":[{}]}","input_range":"[0,1]"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := read(b)
		if err != nil {
			if !errors.Is(err, ErrFormat) || got != nil {
				t.Fatalf("got %v, %v, want no file and ErrFormat", got, err)
			}
			return
		}
		// What was read can be written and read again, and is the same.
		var again bytes.Buffer
		if err := Write(&again, got, F32); err != nil {
			t.Fatalf("cannot write what was read: %v", err)
		}
		back, err := read(again.Bytes())
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		if d := cmp.Diff(got, back); d != "" {
			t.Fatalf("came back changed (-first +second)\n%s", d)
		}
		if err := Write(io.Discard, got, F16); err != nil && !strings.Contains(err.Error(), "F16") {
			t.Fatalf("as F16: %v", err)
		}
	})
}
