// Package fit trains and scores the model of any task: it turns folders of
// pictures into batches through the model's own Pair, and measures through its
// own Score.
package fit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// Dataset is the pictures of some folders, in the order of their paths. Those
// read once stay in memory while there is room. Safe for concurrent use.
type Dataset struct {
	files   []file
	reached []float64 // running sum of the pictures' chances to be drawn
	limits  pix.Limits

	mu    sync.Mutex
	cache map[int]*compact
	room  int64
}

type file struct {
	path, name string
	folder     string // of those given, the one that it is in
	w, h       int
}

// ErrData marks folders of pictures that nothing can be learned from.
var ErrData = errors.New("unusable data")

// OpenDataset lists the pictures in folders, recursively. Pictures smaller than
// least samples either way are left out. memory is how many bytes of samples may
// stay in memory.
func OpenDataset(folders []string, least int, memory int64) (*Dataset, error) {
	d := &Dataset{limits: pix.DefaultLimits, cache: map[int]*compact{}, room: memory}
	for _, folder := range folders {
		if err := d.list(folder, least); err != nil {
			return nil, err
		}
	}
	if len(d.files) == 0 {
		return nil, fmt.Errorf("%w: no picture of at least %dx%d samples in %s", ErrData, least, least, strings.Join(folders, ", "))
	}
	var sum float64
	for _, f := range d.files {
		// Between one chance a picture and one a sample: large pictures hold
		// more to learn, but are also more alike within.
		sum += math.Sqrt(float64(f.w) * float64(f.h))
		d.reached = append(d.reached, sum)
	}
	return d, nil
}

func (d *Dataset) list(folder string, least int) error {
	var found []file
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && path != folder {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		r, err := os.Open(path)
		if err != nil {
			return err
		}
		defer r.Close()
		head, err := pix.DecodeHeader(r, d.limits)
		if errors.Is(err, pix.ErrFormat) || errors.Is(err, pix.ErrEmpty) {
			return nil // lists, licences and the like
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if head.W >= least && head.H >= least {
			found = append(found, file{path, filepath.ToSlash(name), folder, head.W, head.H})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrData, err)
	}
	slices.SortFunc(found, func(a, b file) int { return strings.Compare(a.name, b.name) })
	d.files = append(d.files, found...)
	return nil
}

// Len is the number of pictures.
func (d *Dataset) Len() int { return len(d.files) }

// describe says for each folder, by its last two names, what is in it.
func (d *Dataset) describe() []string {
	type content struct {
		pictures int
		samples  float64
	}
	sums := map[string]*content{}
	var order, lines []string
	for _, f := range d.files {
		if sums[f.folder] == nil {
			sums[f.folder] = &content{}
			order = append(order, f.folder)
		}
		sums[f.folder].pictures++
		sums[f.folder].samples += float64(f.w) * float64(f.h)
	}
	for _, folder := range order {
		lines = append(lines, fmt.Sprintf("%s: %d pictures, %.4g megapixels", label([]string{folder}), sums[folder].pictures, sums[folder].samples/1e6))
	}
	return lines
}

// Preload reads pictures on all workers while there is room for them.
func (d *Dataset) Preload(ctx context.Context, env tasks.Env) error {
	return env.Run(ctx, len(d.files), func(_, i int) error {
		d.mu.Lock()
		full := d.room <= 0
		d.mu.Unlock()
		if full {
			return nil
		}
		_, err := d.get(i)
		return err
	})
}

func (d *Dataset) get(i int) (*compact, error) {
	d.mu.Lock()
	c := d.cache[i]
	d.mu.Unlock()
	if c != nil {
		return c, nil
	}
	r, err := os.Open(d.files[i].path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	defer r.Close()
	m, err := pix.Decode(r, d.limits)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrData, d.files[i].path, err)
	}
	c = pack(m)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.cache[i] == nil && d.room >= c.size() {
		d.cache[i] = c
		d.room -= c.size()
	}
	return c, nil
}

// pick draws a picture.
func (d *Dataset) pick(rng *rand.Rand) int {
	at := rng.Float64() * d.reached[len(d.reached)-1]
	i, _ := slices.BinarySearch(d.reached, at)
	return min(i, len(d.files)-1)
}

// Patch draws a square patch from a random picture, in one of the eight
// orientations.
func (d *Dataset) Patch(rng *rand.Rand, side int) (tasks.Sample, error) {
	i := d.pick(rng)
	c, err := d.get(i)
	if err != nil {
		return tasks.Sample{}, err
	}
	if c.w < side || c.h < side { // its orientation turned it, or it changed meanwhile
		return tasks.Sample{}, fmt.Errorf("%w: %s is smaller than a patch of %d samples", ErrData, d.files[i].path, side)
	}
	m := c.crop(rng.IntN(c.w-side+1), rng.IntN(c.h-side+1), side, side)
	return tasks.Sample{Name: d.files[i].name, Image: m.Orient(1 + rng.IntN(8))}, nil
}

// Samples goes over all pictures in order.
func (d *Dataset) Samples() iter.Seq2[tasks.Sample, error] {
	return func(yield func(tasks.Sample, error) bool) {
		for i := range d.files {
			c, err := d.get(i)
			if err != nil {
				yield(tasks.Sample{}, err)
				return
			}
			if !yield(tasks.Sample{Name: d.files[i].name, Image: c.crop(0, 0, c.w, c.h)}, nil) {
				return
			}
		}
	}
}

// Centres goes over at most count pictures, spread over the list, cut to at
// most side samples from their middle either way.
func (d *Dataset) Centres(count, side int) iter.Seq2[tasks.Sample, error] {
	return func(yield func(tasks.Sample, error) bool) {
		count := min(count, len(d.files))
		for k := range count {
			i := k * len(d.files) / count
			c, err := d.get(i)
			if err != nil {
				yield(tasks.Sample{}, err)
				return
			}
			w, h := min(side, c.w), min(side, c.h)
			if !yield(tasks.Sample{Name: d.files[i].name, Image: c.crop((c.w-w)/2, (c.h-h)/2, w, h)}, nil) {
				return
			}
		}
	}
}

// compact is a picture as it is kept in memory: 8-bit samples in 8 bits.
type compact struct {
	w, h   int
	narrow [][]uint8
	wide   [][]uint16
	meta   pix.Meta
}

func pack(m *pix.Image) *compact {
	c := &compact{w: m.W, h: m.H, meta: pix.Meta{Format: m.Meta.Format, Depth: m.Meta.Depth}}
	if m.Meta.Depth != 8 {
		c.wide = m.Planes
		return c
	}
	for _, plane := range m.Planes {
		to := make([]uint8, len(plane))
		for i, v := range plane {
			to[i] = uint8(v >> 8)
		}
		c.narrow = append(c.narrow, to)
	}
	return c
}

func (c *compact) size() int64 {
	return int64(c.w) * int64(c.h) * int64(len(c.narrow)+2*len(c.wide))
}

func (c *compact) crop(x, y, w, h int) *pix.Image {
	m := pix.New(w, h, len(c.narrow)+len(c.wide))
	m.Meta = c.meta
	for p, to := range m.Planes {
		for row := range h {
			at := (y+row)*c.w + x
			if c.wide != nil {
				copy(to[row*w:(row+1)*w], c.wide[p][at:at+w])
				continue
			}
			for i, v := range c.narrow[p][at : at+w] {
				to[row*w+i] = uint16(v) * 257
			}
		}
	}
	return m
}
