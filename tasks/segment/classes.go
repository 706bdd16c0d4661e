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

// certainBit marks a class that is certain while others are not yet decided.
const certainBit = 0x80

// classify runs the network. A sample is damaged where the probability of any
// damage is the threshold or more and where, through such samples, it hangs
// together with one of which it is certain or more; its kind is the most probable
// one. The two thresholds are as in Canny, "A Computational Approach to Edge
// Detection" (IEEE PAMI 1986): what looks a little like damage all over is none.
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

// decide keeps the pieces, of samples that touch at sides or corners, that have a
// certain one.
func (c *classes) decide() {
	// First all of such pieces become certain, run by run.
	type place struct{ x, y int }
	var todo []place
	certain := func(x, y int) bool { return c.class[y*c.w+x]&certainBit != 0 }
	open := func(x, y int) bool { return c.class[y*c.w+x] != 0 && !certain(x, y) }
	// beside pushes the runs of row y that touch samples x to end-1 of the next.
	beside := func(x, end, y int) {
		if y < 0 || y >= c.h {
			return
		}
		for x, end = max(0, x-1), min(c.w, end+1); x < end; x++ {
			if open(x, y) {
				todo = append(todo, place{x, y})
				for x < end && open(x, y) {
					x++
				}
			}
		}
	}
	for y := range c.h {
		for x := 0; x < c.w; x++ {
			if !certain(x, y) {
				continue
			}
			todo = append(todo[:0], place{x, y})
			for len(todo) > 0 {
				p := todo[len(todo)-1]
				todo = todo[:len(todo)-1]
				start, end := p.x, p.x+1
				for start > 0 && open(start-1, p.y) {
					start--
				}
				for end < c.w && open(end, p.y) {
					end++
				}
				for i := start; i < end; i++ {
					c.class[p.y*c.w+i] |= certainBit
				}
				beside(start, end, p.y-1)
				beside(start, end, p.y+1)
			}
		}
	}
	for i, k := range c.class {
		if k&certainBit != 0 {
			c.class[i] = k &^ certainBit
		} else {
			c.class[i] = 0
		}
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
