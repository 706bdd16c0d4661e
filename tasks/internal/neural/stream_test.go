package neural

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

func serialEnv() tasks.Env { return tasks.Env{Run: cae.Serial, Workers: 1} }

func testModel(t *testing.T) *Model {
	t.Helper()
	net, err := cae.Autoencoder(cae.Config{
		Inputs: []cae.Input{{Name: "image", Planes: 3}, {Name: "level", Planes: 1}}, Out: 3, Shuffle: 2,
		Widths: []int{4, 6}, Down: []int{1, 1}, Up: []int{1}, Skip: cae.SkipAdd, Head: cae.HeadResidual,
	})
	if err != nil {
		t.Fatal(err)
	}
	net.Init(1)
	for _, p := range net.Params() { // so that every layer counts
		for i := range p.Data {
			p.Data[i] += float32(i%3-1) * 0.05
		}
	}
	return &Model{Name: "test", Net: net}
}

func picture(w, h int) *Planes {
	rng := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := NewPlanes(w, h, 4)
	for _, plane := range p.Data {
		for i := range plane {
			plane[i] = float32(rng.NormFloat64())
		}
	}
	return p
}

// TestTilesEqualWhole streams pictures in small tiles and in one piece: the same
// bits must come out.
func TestTilesEqualWhole(t *testing.T) {
	t.Parallel()
	m := testModel(t)
	for _, size := range [][2]int{{1, 1}, {1, 97}, {130, 1}, {2, 3}, {5, 200}, {3, 14}, {3, 47}, {97, 61}, {20, 94}, {20, 95}, {20, 96}, {20, 97}, {64, 128}, {101, 203}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			t.Parallel()
			w, h := size[0], size[1]
			in := picture(w, h)
			whole, tiled := NewPlanes(w, h, 3), NewPlanes(w, h, 3)
			if err := m.stream(t.Context(), serialEnv(), in, whole, 1<<12); err != nil {
				t.Fatal(err)
			}
			if err := m.stream(t.Context(), serialEnv(), in, tiled, 16); err != nil {
				t.Fatal(err)
			}
			for p := range whole.Data {
				for i, v := range whole.Data[p] {
					if math.Float32bits(v) != math.Float32bits(tiled.Data[p][i]) {
						t.Fatalf("plane %d, column %d, row %d: %g in one piece, %g in tiles", p, i%w, i/w, v, tiled.Data[p][i])
					}
				}
			}
		})
	}
}

// TestWholeEqualsNetwork compares the one-piece stream with the network itself on
// the picture continued by hand.
func TestWholeEqualsNetwork(t *testing.T) {
	t.Parallel()
	m := testModel(t)
	const w, h, padW, padH = 32, 25, Margin + 32 + Margin, Margin + 25 + Margin + 3 // the multiple is 4
	in := picture(w, h)
	out := NewPlanes(w, h, 3)
	if err := m.Stream(t.Context(), serialEnv(), in, out); err != nil {
		t.Fatal(err)
	}
	mirror := func(v, n int) int {
		for v < 0 || v >= n {
			if v < 0 {
				v = -v
			} else {
				v = 2*(n-1) - v
			}
		}
		return v
	}
	image, level := cae.NewTensor(cae.Shape{N: 1, C: 3, H: padH, W: padW}), cae.NewTensor(cae.Shape{N: 1, C: 1, H: padH, W: padW})
	for y := range padH {
		for x := range padW {
			from := mirror(y-Margin, h)*w + mirror(x-Margin, w)
			for p := range 3 {
				image.Plane(0, p)[y*padW+x] = in.Data[p][from]
			}
			level.Data[y*padW+x] = in.Data[3][from]
		}
	}
	want, err := m.Net.Forward(cae.NewExec(t.Context(), nil, 1), image, level)
	if err != nil {
		t.Fatal(err)
	}
	for p := range 3 {
		for i, v := range out.Data[p] {
			if at := (i/w+Margin)*padW + i%w + Margin; v != want.Plane(0, p)[at] {
				t.Fatalf("plane %d, column %d, row %d: %g, the network says %g", p, i%w, i/w, v, want.Plane(0, p)[at])
			}
		}
	}
}

func TestReflect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ at, n, want int }{{0, 1, 0}, {5, 1, 0}, {2, 2, 0}, {3, 2, 1}, {4, 4, 2}, {5, 4, 1}, {6, 4, 0}, {7, 4, 1},
		{-1, 1, 0}, {-1, 2, 1}, {-2, 2, 0}, {-1, 4, 1}, {-3, 4, 3}, {-4, 4, 2}, {-7, 4, 1}} {
		if got := Mirror(c.at, c.n); got != c.want {
			t.Errorf("Mirror(%d, %d) = %d, want %d", c.at, c.n, got, c.want)
		}
	}
}

// counting notes in which order rows are read and written.
type counting struct {
	*Planes
	rows []int
	fail error
}

func (c *counting) ReadRow(y int, planes [][]float32) error {
	c.rows = append(c.rows, y)
	if c.fail != nil && y == 20 {
		return c.fail
	}
	return c.Planes.ReadRow(y, planes)
}

func (c *counting) WriteRow(y int, planes [][]float32) error {
	c.rows = append(c.rows, y)
	return c.Planes.WriteRow(y, planes)
}

func TestRowsOnceInOrder(t *testing.T) {
	t.Parallel()
	m := testModel(t)
	in, out := &counting{Planes: picture(21, 75)}, &counting{Planes: NewPlanes(21, 75, 3)}
	if err := m.stream(t.Context(), serialEnv(), in, out, 16); err != nil {
		t.Fatal(err)
	}
	for name, rows := range map[string][]int{"read": in.rows, "written": out.rows} {
		for i, y := range rows {
			if y != i {
				t.Fatalf("row %d was %s as number %d", y, name, i)
			}
		}
		if len(rows) != 75 {
			t.Errorf("%d rows %s, want 75", len(rows), name)
		}
	}
	broken := errors.New("the row is broken")
	if err := m.stream(t.Context(), serialEnv(), &counting{Planes: picture(21, 75), fail: broken}, out, 16); !errors.Is(err, broken) {
		t.Errorf("the source's error came back as %v", err)
	}
}

func TestStreamRefusesNonFinite(t *testing.T) {
	t.Parallel()
	m := testModel(t)
	in := picture(16, 16)
	in.Data[0][40] = float32(math.Inf(1))
	if err := m.Stream(t.Context(), serialEnv(), in, NewPlanes(16, 16, 3)); err == nil {
		t.Error("infinite samples came out without an error")
	}
}

func TestStreamStops(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := testModel(t)
	if err := m.Stream(ctx, serialEnv(), picture(16, 16), NewPlanes(16, 16, 3)); !errors.Is(err, context.Canceled) {
		t.Errorf("Stream after cancel: %v", err)
	}
}

// TestCost: the memory grows with the width, not with the height, and stays
// within what there is as long as that is possible.
func TestCost(t *testing.T) {
	t.Parallel()
	m := testModel(t)
	const limit = memoryBytes / 2 // two workers
	small, tall, taller, wide := m.Cost(2000, 3000, 2), m.Cost(2000, 200000, 2), m.Cost(2000, 300000, 2), m.Cost(500000, 3000, 2)
	if small <= 0 || tall <= 0 || tall > limit || taller > limit {
		t.Errorf("2000x3000 costs %d bytes, 2000x200000 %d, 2000x300000 %d; the limit is %d", small, tall, taller, limit)
	}
	if wide <= limit || wide > 4*limit {
		t.Errorf("500000x3000 costs %d bytes", wide)
	}
	if tiny := m.Cost(10, 10, 2); tiny <= 0 || tiny > small/10 {
		t.Errorf("10x10 costs %d bytes, 2000x3000 %d", tiny, small)
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	if err := cae.Save(&file, testModel(t).Net, modelfile.Metadata{Task: "denoise"}, modelfile.F16); err != nil {
		t.Fatal(err)
	}
	env := serialEnv()
	env.OpenModel = func(name string) (io.ReaderAt, int64, error) {
		switch name {
		case "good":
			return bytes.NewReader(file.Bytes()), int64(file.Len()), nil
		case "cut":
			return bytes.NewReader(file.Bytes()), int64(file.Len() / 2), nil
		}
		return nil, 0, errors.New("no such file")
	}
	if _, err := Open(env, "good", "denoise", []int{3, 1}, 3); err != nil {
		t.Errorf("a good model is refused: %v", err)
	}
	for name, open := range map[string]func() (*Model, error){
		"missing":       func() (*Model, error) { return Open(env, "none", "denoise", []int{3, 1}, 3) },
		"truncated":     func() (*Model, error) { return Open(env, "cut", "denoise", []int{3, 1}, 3) },
		"other task":    func() (*Model, error) { return Open(env, "good", "colorize", []int{3, 1}, 3) },
		"other inputs":  func() (*Model, error) { return Open(env, "good", "denoise", []int{4}, 3) },
		"other outputs": func() (*Model, error) { return Open(env, "good", "denoise", []int{3, 1}, 1) },
	} {
		if _, err := open(); !errors.Is(err, tasks.ErrModel) {
			t.Errorf("%s: %v, want ErrModel", name, err)
		}
	}
}

// live watches how much of the heap lives while rows are written.
type live struct {
	*Planes
	every        int
	before, most int64
}

func (l *live) WriteRow(y int, planes [][]float32) error {
	if y%l.every == 0 {
		l.most = max(l.most, heap()-l.before)
	}
	return l.Planes.WriteRow(y, planes)
}

func heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// TestStreamKeepsCost: what lives while a picture is on its way stays within
// what Cost says, band after band. Not parallel: it watches the whole process.
func TestStreamKeepsCost(t *testing.T) {
	m := testModel(t)
	env := serialEnv()
	env.Memory = 1 // the smallest tiles
	const w, h = 700, 2300
	if _, err := m.compiled(t.Context(), serialEnv()); err != nil {
		t.Fatal(err)
	}
	in, out := picture(w, h), &live{Planes: NewPlanes(w, h, 3), every: 150}
	out.before = heap()
	if err := m.Stream(t.Context(), env, in, out); err != nil {
		t.Fatal(err)
	}
	if cost := m.CostIn(env, w, h); out.most > cost+cost/50 || out.most < cost/3 {
		t.Errorf("up to %d bytes live, the estimate is %d", out.most, cost)
	}
}
