package pix

import (
	"errors"
	"math"
	"sync"
	"testing"
)

func floats(m *Image) [][]float32 {
	out := make([][]float32, len(m.Planes))
	for p, plane := range m.Planes {
		for _, v := range plane {
			out[p] = append(out[p], float32(v))
		}
	}
	return out
}

func TestPSNR(t *testing.T) {
	t.Parallel()
	a, b := New(4, 5, 3), New(4, 5, 3)
	if db, err := PSNR(a, b); err != nil || !math.IsInf(db, 1) {
		t.Errorf("equal pictures: %v dB and %v, want +Inf", db, err)
	}
	for i := range b.Planes[1] {
		b.Planes[1][i] = 6553 // a tenth of the peak in one plane of three
	}
	want := 10 * math.Log10(3*65535.0*65535/(6553*6553))
	if db, err := PSNR(a, b); err != nil || math.Abs(db-want) > 1e-9 {
		t.Errorf("got %v dB and %v, want %v", db, err, want)
	}
	if db, err := PSNRPlanes(floats(a), floats(b), 65535); err != nil || math.Abs(db-want) > 1e-9 {
		t.Errorf("planes: got %v dB and %v, want %v", db, err, want)
	}
	if db, err := PSNRPlanes([][]float32{{-0.5}}, [][]float32{{0.5}}, 1); err != nil || db != 0 {
		t.Errorf("samples out of range: got %v dB and %v, want 0", db, err)
	}
}

func TestMismatch(t *testing.T) {
	t.Parallel()
	a := New(4, 5, 3)
	for name, b := range map[string]*Image{"grey": New(4, 5, 1), "turned": New(5, 4, 3)} {
		if _, err := PSNR(a, b); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: PSNR says %v", name, err)
		}
		if _, err := SSIM(a, b); !errors.Is(err, ErrMismatch) {
			t.Errorf("%s: SSIM says %v", name, err)
		}
	}
	if _, err := PSNRPlanes([][]float32{{1, 2}}, [][]float32{{1}}, 1); !errors.Is(err, ErrMismatch) {
		t.Errorf("PSNRPlanes says %v", err)
	}
	if _, err := SSIMPlanes(nil, [][]float32{{1, 2}}, [][]float32{{1, 2}}, 3, 1, 1); !errors.Is(err, ErrMismatch) {
		t.Errorf("SSIMPlanes says %v", err)
	}
	if _, err := PSNR(New(0, 0, 1), New(0, 0, 1)); !errors.Is(err, ErrMismatch) {
		t.Errorf("no samples: %v", err)
	}
}

// TestSSIM compares with the formula of the paper, written out window by window.
func TestSSIM(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{1, 1}, {1, 30}, {7, 5}, {10, 40}, {11, 11}, {12, 11}, {33, 27}, {14, 2*bandRows + 13}} {
		for _, planes := range []int{1, 3} {
			a := scene(size[0], size[1], planes, 16, false)
			b := scene(size[0], size[1], planes, 16, false)
			for p := range b.Planes {
				for i := range b.Planes[p] {
					b.Planes[p][i] = b.Planes[p][i]/2 + uint16(i*7919%9000)
				}
			}
			got, err := SSIM(a, b)
			want := plainSSIM(a, b)
			if err != nil || math.Abs(got-want) > 1e-9 {
				t.Errorf("%v, %d planes: got %v and %v, want %v", size, planes, got, err, want)
			}
			if got, err = SSIMPlanes(nil, floats(a), floats(b), a.W, a.H, 65535); err != nil || math.Abs(got-want) > 1e-9 {
				t.Errorf("%v, %d planes of floats: got %v and %v, want %v", size, planes, got, err, want)
			}
			if got, err = SSIM(a, a); err != nil || got != 1 {
				t.Errorf("%v, %d planes: equal pictures have %v (%v)", size, planes, got, err)
			}
		}
	}
}

// TestSSIMRunner: whoever computes which band, and when, the result is the same,
// and a runner that stops is an error.
func TestSSIMRunner(t *testing.T) {
	t.Parallel()
	const w, h = 24, 3*bandRows + 5
	a, b := floats(scene(w, h, 3, 16, false)), floats(scene(w, h, 3, 16, false))
	for p := range b {
		for i := range b[p] {
			b[p][i] = b[p][i]/2 + float32(i*7919%9000)
		}
	}
	want, err := SSIMPlanes(nil, a, b, w, h, 65535)
	if err != nil {
		t.Fatal(err)
	}
	pieces := 0
	for name, run := range map[string]Runner{
		"backwards": func(n int, f func(i int)) error {
			pieces = n
			for i := range n {
				f(n - 1 - i)
			}
			return nil
		},
		"all at once": func(n int, f func(i int)) error {
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() { f(i) })
			}
			wg.Wait()
			return nil
		},
	} {
		if got, err := SSIMPlanes(run, a, b, w, h, 65535); err != nil || got != want {
			t.Errorf("%s: got %v and %v, want %v", name, got, err, want)
		}
	}
	if pieces != 3*3 {
		t.Errorf("%d pieces for three planes of %d rows, want 9", pieces, h)
	}
	stopped := errors.New("stopped")
	if _, err := SSIMPlanes(func(int, func(int)) error { return stopped }, a, b, w, h, 65535); !errors.Is(err, stopped) {
		t.Errorf("a runner that stops: %v", err)
	}
}

func plainSSIM(a, b *Image) float64 {
	kw, kh := min(11, a.W), min(11, a.H)
	weight := func(x, y int) float64 {
		dx, dy := float64(x)-float64(kw-1)/2, float64(y)-float64(kh-1)/2
		return math.Exp(-(dx*dx + dy*dy) / (2 * 1.5 * 1.5))
	}
	var whole float64
	for y := range kh {
		for x := range kw {
			whole += weight(x, y)
		}
	}
	const c1, c2 = 0.01 * 65535 * 0.01 * 65535, 0.03 * 65535 * 0.03 * 65535
	var sum float64
	n := 0
	for p := range a.Planes {
		for y0 := range a.H - kh + 1 {
			for x0 := range a.W - kw + 1 {
				at := func(m *Image, x, y int) float64 { return float64(m.Planes[p][(y0+y)*m.W+x0+x]) }
				var ma, mb, saa, sbb, sab float64
				for y := range kh {
					for x := range kw {
						ma += weight(x, y) / whole * at(a, x, y)
						mb += weight(x, y) / whole * at(b, x, y)
					}
				}
				for y := range kh {
					for x := range kw {
						da, db := at(a, x, y)-ma, at(b, x, y)-mb
						saa += weight(x, y) / whole * da * da
						sbb += weight(x, y) / whole * db * db
						sab += weight(x, y) / whole * da * db
					}
				}
				sum += (2*ma*mb + c1) * (2*sab + c2) / ((ma*ma + mb*mb + c1) * (saa + sbb + c2))
				n++
			}
		}
	}
	return sum / float64(n)
}
