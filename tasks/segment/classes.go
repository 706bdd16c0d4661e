package segment

import (
	"context"
	"math"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// classes is what was found: for each sample the kind of damage, 0 for none.
type classes struct {
	w, h           int
	class          []uint8 // until the end with certainBit
	least, certain float32 // logits from which a sample may be damaged, and surely is
}

// limits are the probabilities by which the network's output becomes a decision.
type limits struct{ threshold, certain float64 }

const (
	// certainBit marks a class that is certain, seenBit one whose piece is known,
	// while others are not yet decided.
	certainBit, seenBit = 0x80, 0x40

	// certainShare is how much of a piece must be certain. It is chosen with
	// defaultCertain.
	certainShare = 0.1
)

// classify runs the network. A sample is damaged where the probability of any
// damage is the threshold or more and where, through such samples, it hangs
// together with others of which a tenth are certain or more; its kind is the most
// probable one. The two thresholds are in the manner of Canny, "A Computational
// Approach to Edge Detection" (IEEE PAMI 1986): what looks a little like damage all
// over is none.
func classify(ctx context.Context, env tasks.Env, m *neural.Model, from neural.Source, l limits) (*classes, error) {
	w, h := from.Size()
	c := &classes{w: w, h: h, class: make([]uint8, w*h), least: logit(l.threshold), certain: logit(max(l.threshold, l.certain))}
	if err := m.Stream(ctx, env, from, c); err != nil {
		return nil, err
	}
	c.decide()
	return c, nil
}

func logit(p float64) float32 { return float32(math.Log(p / (1 - p))) }

// WriteRow implements neural.Sink.
func (c *classes) WriteRow(y int, planes [][]float32) error {
	row := c.class[y*c.w : (y+1)*c.w]
	for x, any := range planes[0] {
		if any < c.least {
			continue
		}
		best := 1
		for k := 2; k < len(planes); k++ {
			if planes[k][x] > planes[best][x] {
				best = k
			}
		}
		if row[x] = uint8(best); any >= c.certain {
			row[x] |= certainBit
		}
	}
	return nil
}

// decide keeps the pieces, of samples that touch at sides or corners, in which
// enough samples are certain.
func (c *classes) decide() {
	var p piece
	for i, k := range c.class {
		if k == 0 || k&seenBit != 0 {
			continue
		}
		if c.flood(&p, int32(i%c.w), int32(i/c.w)); p.certain > 0 && float64(p.certain) >= certainShare*float64(p.size) {
			continue
		}
		for _, r := range p.runs {
			clear(c.row(r.y)[r.x:r.end])
		}
	}
	for i := range c.class {
		c.class[i] &^= seenBit | certainBit
	}
}

// piece is samples that hang together, and how many of them are certain.
type piece struct {
	runs          []run
	size, certain int
	todo          []run // where to look for more: any part of a run will do
}

// run is samples x to end-1 of row y. There may be millions.
type run struct{ x, end, y int32 }

func (c *classes) row(y int32) []uint8 { return c.class[int(y)*c.w:][:c.w] }

// flood makes p the piece that a sample belongs to, all of which becomes seen.
func (c *classes) flood(p *piece, x, y int32) {
	p.runs, p.size, p.certain, p.todo = p.runs[:0], 0, 0, append(p.todo[:0], run{x, x + 1, y})
	for len(p.todo) > 0 {
		r := p.todo[len(p.todo)-1]
		p.todo = p.todo[:len(p.todo)-1]
		row := c.row(r.y)
		if row[r.x]&seenBit != 0 {
			continue // it was pushed from two sides
		}
		for r.x > 0 && row[r.x-1] != 0 {
			r.x--
		}
		for int(r.end) < c.w && row[r.end] != 0 {
			r.end++
		}
		for x := r.x; x < r.end; x++ {
			if row[x]&certainBit != 0 {
				p.certain++
			}
			row[x] |= seenBit
		}
		p.runs = append(p.runs, r)
		p.size += int(r.end - r.x)
		if r.y > 0 {
			p.push(c.row(r.y-1), r, r.y-1)
		}
		if int(r.y) < c.h-1 {
			p.push(c.row(r.y+1), r, r.y+1)
		}
	}
}

// push adds what of a row touches a run of the row beside it, at sides or corners,
// to what is to be looked at.
func (p *piece) push(row []uint8, r run, y int32) {
	for x, end := max(0, r.x-1), min(int32(len(row)), r.end+1); x < end; x++ {
		if row[x] == 0 || row[x]&seenBit != 0 {
			continue
		}
		from := x
		for x < end && row[x] != 0 {
			x++
		}
		p.todo = append(p.todo, run{from, x, y})
	}
}

// notes are the share of all damage, and of each kind, in percent.
func (c *classes) notes() []tasks.Note {
	var counts [1 + kindCount]int
	for _, k := range c.class {
		counts[k]++
	}
	share := func(n int) float64 { return percent(int64(n), int64(len(c.class))) }
	list := []tasks.Note{{Step: "segment", Key: "damaged", Value: share(len(c.class) - counts[0]), Unit: "%"}}
	for k, a := range kinds {
		list = append(list, tasks.Note{Step: "segment", Key: a.name, Value: share(counts[k+1]), Unit: "%"})
	}
	return list
}
