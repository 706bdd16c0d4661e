package pix

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// scene returns a smooth picture with some noise, the same for the same
// arguments: like a photograph as far as codecs are concerned. Its samples are
// those of the depth.
func scene(w, h, planes, depth int, alpha bool) *Image {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	m := New(w, h, planes)
	m.Meta.Depth = depth
	fill := func(plane []uint16, phase float64) {
		for i := range plane {
			x, y := float64(i%w), float64(i/w)
			v := 0.5 + 0.3*math.Sin(x/9+phase)*math.Cos(y/7-phase) + 0.05*rng.Float64()
			if depth == 16 {
				plane[i] = uint16(v * 65535)
			} else {
				plane[i] = uint16(v*255) * 257
			}
		}
	}
	for p := range m.Planes {
		fill(m.Planes[p], float64(p))
	}
	if alpha {
		m.Alpha = make([]uint16, w*h)
		fill(m.Alpha, 4)
	}
	return m
}

// same fails the test where two pictures differ in size or samples.
func same(t *testing.T, got, want *Image) {
	t.Helper()
	if got.W != want.W || got.H != want.H || len(got.Planes) != len(want.Planes) {
		t.Fatalf("got %dx%d samples in %d planes, want %dx%d in %d", got.W, got.H, len(got.Planes), want.W, want.H, len(want.Planes))
	}
	for p := range want.Planes {
		sameSamples(t, fmt.Sprintf("plane %d", p), got.Planes[p], want.Planes[p], want.W)
	}
	sameSamples(t, "opacity", got.Alpha, want.Alpha, want.W)
}

func sameSamples(t *testing.T, what string, got, want []uint16, w int) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d samples, want %d", what, len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s is %d at %d,%d, want %d", what, got[i], i%w, i/w, want[i])
		}
	}
}

// encoded returns a picture as a file.
func encoded(t testing.TB, m *Image, format string) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Encode(&buf, m, EncodeOptions{Format: format}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// stored is encoded for all formats that can be read but GIF.
func stored(t testing.TB, m *Image, format string) []byte {
	t.Helper()
	if format == "webp" {
		return plainWebP(m)
	}
	return encoded(t, m, format)
}

// decoded reads a file and fails the test where that does not work.
func decoded(t testing.TB, data []byte) *Image {
	t.Helper()
	m, err := Decode(bytes.NewReader(data), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
