package pix

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/gen2brain/jpegli"
)

// plainJPEG is what the encoder writes by itself.
func plainJPEG(t testing.TB, m *Image, quality int, optimise bool) []byte {
	t.Helper()
	src := m.ToImage()
	var buf bytes.Buffer
	if err := jpegli.Encode(&buf, src, &jpegli.EncodingOptions{
		Quality: quality, ChromaSubsampling: image.YCbCrSubsampleRatio444, OptimizeCoding: optimise, AdaptiveQuantization: true,
	}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// frameMarker is the marker of a JPEG's frame header.
func frameMarker(data []byte) byte {
	for at := 2; at+4 < len(data); at += 2 + int(data[at+2])<<8 + int(data[at+3]) {
		if m := data[at+1]; m >= 0xc0 && m <= 0xc2 {
			return m
		}
	}
	return 0
}

// TestBaseline writes every JPEG in the form that every decoder reads, with the very
// samples of the encoder and hardly more bytes than its own codes take, which need
// another form.
func TestBaseline(t *testing.T) {
	t.Parallel()
	noise := New(67, 45, 3)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, p := range noise.Planes {
		for i := range p {
			p[i] = uint16(rng.IntN(256)) * 257
		}
	}
	for name, m := range map[string]*Image{
		"photo": scene(201, 150, 3, 8, false), "grey": scene(64, 40, 1, 8, false), "noise": noise,
		"black": New(100, 9, 3), "one sample": New(1, 1, 1), "flat": New(8, 8, 3),
	} {
		for _, quality := range []int{1, 30, 80, 100} {
			t.Run(fmt.Sprintf("%s/quality=%d", name, quality), func(t *testing.T) {
				t.Parallel()
				var buf bytes.Buffer
				if err := Encode(&buf, m, EncodeOptions{Format: "jpeg", Quality: quality}); err != nil {
					t.Fatal(err)
				}
				if got := frameMarker(buf.Bytes()); got != 0xc0 {
					t.Errorf("SOF%d, want baseline", got-0xc0)
				}
				same(t, decoded(t, buf.Bytes()), decoded(t, plainJPEG(t, m, quality, false)))
				own := plainJPEG(t, m, quality, true)
				// JFIF is new; three pairs of codes instead of two save little.
				if limit := len(own)*103/100 + 200; buf.Len() > limit {
					t.Errorf("%d bytes, the encoder's own codes take %d", buf.Len(), len(own))
				}
			})
		}
	}
}

// TestOutputInParts does not depend on how the encoder cuts what it writes.
func TestOutputInParts(t *testing.T) {
	t.Parallel()
	data := plainJPEG(t, scene(30, 20, 3, 8, false), 90, false)
	head := carried{}.headJPEG()
	var want []byte
	for _, size := range []int{len(data), 1, 7, 600, len(data) - 1} {
		var out bytes.Buffer
		j := &jpegOutput{w: &out, head: head}
		for in := data; len(in) > 0; {
			n := min(size, len(in))
			if got, err := j.Write(in[:n]); got != n || err != nil {
				t.Fatalf("wrote %d of %d bytes: %v", got, n, err)
			}
			in = in[n:]
		}
		if err := j.close(); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = out.Bytes()
			decoded(t, want)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%d bytes at a time: another file", size)
		}
	}
	j := &jpegOutput{w: io.Discard}
	j.Write(data[:len(data)-5])
	if err := j.close(); err == nil {
		t.Error("half a file was taken for one")
	}
}

// TestHuffmanLengths makes codes that decode, are no longer than 16 bits and leave
// the code of all ones free.
func TestHuffmanLengths(t *testing.T) {
	t.Parallel()
	counts := map[string][256]int{}
	var fibonacci, equal, single, powers [256]int
	a, b := 1, 1
	for i := range 45 { // their tree has a depth of 45
		fibonacci[i], a, b = a, b, a+b
	}
	for i := range equal {
		equal[i], powers[i] = 7, 1<<(i%40)
	}
	single[3] = 1
	counts["fibonacci"], counts["equal"], counts["single"], counts["powers"], counts["none"] = fibonacci, equal, single, powers, [256]int{}
	for name, count := range counts {
		lengths, symbols := huffmanLengths(count)
		code := newHuffmanCode(lengths, symbols)
		d := newHuffmanDecoder(lengths, symbols)
		if d == nil {
			t.Errorf("%s: the codes do not fit", name)
			continue
		}
		if _, length := d.find(65535); length != 0 {
			t.Errorf("%s: a code of all ones", name)
		}
		used := 0
		for s, n := range count {
			if n == 0 {
				continue
			}
			used++
			c := code[s]
			if c.length < 1 || c.length > 16 {
				t.Errorf("%s: a code of %d bits for %d", name, c.length, s)
				continue
			}
			for _, behind := range []uint16{0, 1<<(16-c.length) - 1} {
				if symbol, length := d.find(c.bits<<(16-c.length) | behind); int(symbol) != s || length != c.length {
					t.Errorf("%s: the code of %d is that of %d", name, s, symbol)
				}
			}
			for other, m := range count {
				if m > n && code[other].length > c.length {
					t.Errorf("%s: %d comes more often than %d and has a longer code", name, other, s)
				}
			}
		}
		if used != len(symbols) {
			t.Errorf("%s: %d symbols, want %d", name, len(symbols), used)
		}
	}
}

// FuzzRecode takes apart and writes anew what is a JPEG, and refuses what is not.
func FuzzRecode(f *testing.F) {
	for _, planes := range []int{1, 3} {
		f.Add(plainJPEG(f, scene(20, 10, planes, 8, false), 80, true))
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, scene(9, 9, 1, 8, false).ToImage(), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(buf.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseJPEG(data)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := s.writeOptimal(&out, []byte{0xff, 0xd8}); err != nil {
			if err != errStream || out.Len() > 0 {
				t.Fatalf("%v after %d bytes", err, out.Len())
			}
			return
		}
		want, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			return // more than this looks at
		}
		got, err := jpeg.Decode(&out)
		if err != nil {
			t.Fatal(err)
		}
		same(t, FromImage(got), FromImage(want))
	})
}
