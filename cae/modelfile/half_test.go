package modelfile

import (
	"math"
	"math/big"
	"sort"
	"testing"
)

// Every half comes back from float32 as it was; NaNs come back quiet.
func TestHalfRoundTrip(t *testing.T) {
	t.Parallel()
	for i := range 1 << 16 {
		h := uint16(i)
		want := h
		if h&0x7c00 == 0x7c00 && h&0x3ff != 0 {
			want |= 0x200
		}
		if got := ToHalf(FromHalf(h)); got != want {
			t.Fatalf("half %#04x came back as %#04x, want %#04x", h, got, want)
		}
	}
}

// valueOf computes a finite half from the definition of the format:
// (-1)^s * 2^(max(e,1)-15) * ([e>0] + f/1024).
func valueOf(h uint16) *big.Float {
	e, f := int(h>>10&31), int64(h&1023)
	if e > 0 {
		f += 1024
	}
	v := new(big.Float).SetMantExp(new(big.Float).SetInt64(f), max(e, 1)-15-10)
	if h&0x8000 != 0 {
		v.Neg(v)
	}
	return v
}

func TestFromHalfFollowsTheDefinition(t *testing.T) {
	t.Parallel()
	for i := range 1 << 16 {
		h := uint16(i)
		got := FromHalf(h)
		switch {
		case h&0x7fff == 0x7c00:
			if !math.IsInf(float64(got), 1-2*int(h>>15)) {
				t.Fatalf("half %#04x is %v, want infinity of its sign", h, got)
			}
		case h&0x7c00 == 0x7c00:
			if got == got {
				t.Fatalf("half %#04x is %v, want NaN", h, got)
			}
		default:
			if big.NewFloat(float64(got)).Cmp(valueOf(h)) != 0 || math.Signbit(float64(got)) != (h&0x8000 != 0) {
				t.Fatalf("half %#04x is %v, want %v", h, got, valueOf(h))
			}
		}
	}
}

// nearest rounds by looking for the neighbours among all finite halves and
// comparing the distances exactly. 0x7c00, infinity, counts as 2^16.
func nearest(f float32) uint16 {
	v := new(big.Float).SetFloat64(math.Abs(float64(f)))
	sign := uint16(math.Float32bits(f) >> 16 & 0x8000)
	at := uint16(sort.Search(0x7c00, func(i int) bool { return valueOf(uint16(i)).Cmp(v) >= 0 }))
	if at == 0 {
		return sign
	}
	below := new(big.Float).Sub(v, valueOf(at-1))
	above := new(big.Float).Sub(valueOf(at), v)
	switch c := below.Cmp(above); {
	case c < 0, c == 0 && (at-1)&1 == 0:
		return sign | (at - 1)
	}
	return sign | at
}

// Half-way between each pair of neighbours, and one float32 to either side.
func TestToHalfRoundsTiesToEven(t *testing.T) {
	t.Parallel()
	for i := range 0x7c00 {
		low, _ := valueOf(uint16(i)).Float64()
		high, _ := valueOf(uint16(i + 1)).Float64()
		tie := float32((low + high) / 2)
		for _, f := range []float32{tie, math.Nextafter32(tie, 0), math.Nextafter32(tie, 1e9), -tie} {
			if got, want := ToHalf(f), nearest(f); got != want {
				t.Fatalf("%v became %#04x, want %#04x", f, got, want)
			}
		}
	}
	for f, want := range map[float32]uint16{
		0x1p-25: 0, 0x1.000002p-25: 1, 0x1p-149: 0, 65519.996: 0x7bff, 65520: 0x7c00,
		math.MaxFloat32: 0x7c00, float32(math.Inf(-1)): 0xfc00,
	} {
		if got := ToHalf(f); got != want {
			t.Errorf("%v became %#04x, want %#04x", f, got, want)
		}
	}
}
