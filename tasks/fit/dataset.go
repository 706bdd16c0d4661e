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
// read once stay in memory while there is room. A picture that cannot be read is
// left out, and a warning says so. Safe for concurrent use.
type Dataset struct {
	files   []file
	reached []float64 // running sum of the pictures' chances to be drawn
	limits  pix.Limits
	assets  *assets // handed on with each sample; nil: none

	mu       sync.Mutex
	cache    map[int]*compact
	room     int64
	unusable map[int]error // of files
	warnings []string      // that nobody has asked for yet
}

type file struct {
	path, name string
	folder     string // of those given, the one that it is in
	w, h       int
	bytes      int64
}

// ErrData marks folders of pictures that nothing can be learned from.
var ErrData = errors.New("unusable data")

// OpenDataset lists the pictures in folders, recursively. Pictures smaller than
// least samples either way are left out. memory is how many bytes of samples may
// stay in memory.
func OpenDataset(folders []string, least int, memory int64) (*Dataset, error) {
	d := &Dataset{limits: pix.DefaultLimits, cache: map[int]*compact{}, unusable: map[int]error{}, room: memory}
	for _, folder := range folders {
		if err := d.list(folder, least); err != nil {
			return nil, err
		}
	}
	if len(d.files) == 0 {
		if len(d.warnings) > 0 {
			return nil, fmt.Errorf("%w: no picture can be read; %s", ErrData, d.warnings[0])
		}
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
		head, bytes, err := d.header(path)
		if errors.Is(err, pix.ErrFormat) || errors.Is(err, pix.ErrEmpty) {
			return nil // lists, licences and the like
		}
		if err != nil {
			d.warnings = append(d.warnings, leftOut(path, err))
			return nil
		}
		name, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if head.W >= least && head.H >= least {
			found = append(found, file{path, filepath.ToSlash(name), folder, head.W, head.H, bytes})
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

// header reads the head of a picture, and the length of its file.
func (d *Dataset) header(path string) (pix.Header, int64, error) {
	r, err := os.Open(path)
	if err != nil {
		return pix.Header{}, 0, err
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return pix.Header{}, 0, err
	}
	head, err := pix.DecodeHeader(r, d.limits)
	return head, info.Size(), err
}

func leftOut(path string, err error) string { return fmt.Sprintf("%s is left out: %v", path, err) }

// Len is the number of pictures that can be used, as far as is known.
func (d *Dataset) Len() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.files) - len(d.unusable)
}

// Warnings are those since the last call: one for each file that is left out.
func (d *Dataset) Warnings() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.warnings
	d.warnings = nil
	return list
}

// drop leaves picture i out from now on, and returns err.
func (d *Dataset) drop(i int, err error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.unusable[i] == nil {
		d.unusable[i] = err
		d.warnings = append(d.warnings, leftOut(d.files[i].path, err))
	}
	return err
}

// describe says for each folder, by its last two names, what is in it; those of
// assets come last.
func (d *Dataset) describe() []string {
	type content struct {
		pictures int
		samples  float64
	}
	sums := map[string]*content{}
	var order, lines []string
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, f := range d.files {
		if d.unusable[i] != nil {
			continue
		}
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
	if d.assets != nil {
		lines = append(lines, d.assets.lines...)
	}
	return lines
}

// Preload reads pictures on all workers while there is room for them. It is an
// error where none can be read.
func (d *Dataset) Preload(ctx context.Context, env tasks.Env) error {
	if err := env.Run(ctx, len(d.files), func(_, i int) error {
		d.mu.Lock()
		full := d.room <= 0
		d.mu.Unlock()
		if !full {
			_, _ = d.get(i) // what cannot be read is left out
		}
		return nil
	}); err != nil {
		return err
	}
	return d.some()
}

// some reports that no picture is left.
func (d *Dataset) some() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.unusable) < len(d.files) {
		return nil
	}
	return fmt.Errorf("%w: no picture can be read; the first is %s: %w", ErrData, d.files[0].path, d.unusable[0])
}

// get is picture i. After an error it is left out.
func (d *Dataset) get(i int) (*compact, error) {
	d.mu.Lock()
	c, err := d.cache[i], d.unusable[i]
	d.mu.Unlock()
	if c != nil || err != nil {
		return c, err
	}
	r, err := os.Open(d.files[i].path)
	if err != nil {
		return nil, d.drop(i, err)
	}
	defer r.Close()
	m, err := pix.Decode(r, d.limits)
	if err != nil {
		return nil, d.drop(i, err)
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
// orientations. Where the picture turns out to be unusable it draws another one,
// so that a patch is the same whether that is known before or not.
func (d *Dataset) Patch(rng *rand.Rand, side int) (tasks.Sample, error) {
	for {
		i := d.pick(rng)
		c, err := d.get(i)
		if err == nil && (c.w < side || c.h < side) { // it changed after its header was read
			err = d.drop(i, fmt.Errorf("it is smaller than a patch of %d samples", side))
		}
		if err == nil {
			m := c.crop(rng.IntN(c.w-side+1), rng.IntN(c.h-side+1), side, side)
			return d.sample(i, m.Orient(1+rng.IntN(8))), nil
		}
		if err := d.some(); err != nil {
			return tasks.Sample{}, err
		}
	}
}

// sample is m, all or a part of picture i, with its companions.
func (d *Dataset) sample(i int, m *pix.Image) tasks.Sample {
	s := tasks.Sample{Name: d.files[i].name, Image: m}
	if d.assets != nil {
		s.Assets = d.assets.pictures
	}
	return s
}

// Samples goes over all pictures in order.
func (d *Dataset) Samples() iter.Seq2[tasks.Sample, error] {
	return func(yield func(tasks.Sample, error) bool) {
		for i := range d.files {
			c, err := d.get(i)
			if err != nil {
				continue // left out, with a warning
			}
			if !yield(d.sample(i, c.crop(0, 0, c.w, c.h)), nil) {
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
				continue // left out, with a warning
			}
			w, h := min(side, c.w), min(side, c.h)
			if !yield(d.sample(i, c.crop((c.w-w)/2, (c.h-h)/2, w, h)), nil) {
				return
			}
		}
	}
}
