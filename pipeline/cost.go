package pipeline

import (
	"fmt"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// need estimates, on the high side, how many bytes the photo takes at its peak,
// from its header alone. What lives at the same time is added up for each stage
// (see photo.restore), and the largest sum counts. n is the number of samples
// of a plane, of 2 bytes each.
func (p *photo) need() int64 {
	r, h, file := p.run, p.in.header, p.in.info.Size()
	n := int64(h.W) * int64(h.H)
	picture := 2 * n * int64(h.Planes)
	opacity := int64(0)
	if h.Alpha {
		opacity = 2 * n
	}
	out := h // of the output, as it is read back
	out.Format = p.format
	decode, _ := pix.Cost(h)
	again, encode := pix.Cost(out)
	if p.format == "jpeg" && r.Quality > pix.DefaultQuality {
		encode += encode * 6 / 10 // see the codec's estimate, which is for the default
	}

	// The file is buffered whole. A turned picture is copied once more, when
	// what the decoder took is free again.
	peak := file + picture + opacity + max(decode, picture+opacity)

	// The mask is decoded beside the picture, turned if need be, and stays as one
	// plane. It is never larger than the picture: openMask has compared them.
	given, kept := int64(0), int64(0)
	if p.mask != nil {
		mh := p.mask.header
		samples := 2 * n * int64(mh.Planes)
		if mh.Alpha {
			samples += 2 * n
		}
		take, _ := pix.Cost(mh)
		peak = max(peak, picture+opacity+p.mask.info.Size()+samples+max(take, samples))
		kept = 2 * n
	}

	// Each step has what it is given and what it makes. The picture as it was
	// read stays until it is known whether any step has changed it.
	for _, t := range r.chain.tasks {
		c := costOf(t, h)
		peak = max(peak, picture+opacity+given+picture+kept+c.Kept+c.Work)
		given, kept = picture, kept+c.Kept
	}

	if r.chain.Keeps() {
		peak = max(peak, p.extrasNeed(picture+opacity+kept))
		return peak + peak/16 + 2<<20
	}
	before := int64(0)
	if r.keepsInput() {
		before = picture
	}
	peak = max(peak, before+picture+opacity+kept+encode)
	// While it is read back, what was written is no longer there as samples, but
	// its file is buffered.
	written := before + kept + picture + opacity
	peak = max(peak, written+fileBytes(out)+again)
	if r.truth != nil {
		peak = max(peak, written+picture+fileBytes(out)+max(decode, again))
	}
	return peak + peak/16 + 2<<20 // what the allocator rounds up; buffers of files
}

// keepsInput reports whether the picture as it was read is wanted after the
// output has been written.
func (r *run) keepsInput() bool { return r.truth != nil || r.Inspect != nil }

// fileBytes bounds the size of a file of our own that holds noise. JPEG of the
// best quality takes 2 bytes a sample at most there.
func fileBytes(h pix.Header) int64 {
	samples := int64(h.W) * int64(h.H) * int64(h.Planes)
	if h.Alpha {
		samples += int64(h.W) * int64(h.H)
	}
	if h.Format == "jpeg" {
		return samples
	}
	return samples*int64(h.Depth)/8 + samples/64
}

// costOf is what a step takes for a picture. One that does not say is taken to
// work on a copy of the samples as float32, and to put out as much again. A
// decoder may turn the picture by a quarter.
func costOf(t tasks.Task, h pix.Header) tasks.Cost {
	c, ok := t.(tasks.Coster)
	if !ok {
		return tasks.Cost{Work: 8 * int64(h.W) * int64(h.H) * int64(h.Planes)}
	}
	cost := c.Cost(h.W, h.H, h.Planes)
	if h.W != h.H {
		turned := c.Cost(h.H, h.W, h.Planes)
		cost.Work, cost.Kept = max(cost.Work, turned.Work), max(cost.Kept, turned.Kept)
	}
	return cost
}

// resident is what the program takes in any case, the models of the chain
// among it.
func (c *Chain) resident() int64 {
	bytes := int64(OutsideHeap + insideHeap)
	for _, t := range c.tasks {
		if t, ok := t.(tasks.Coster); ok {
			bytes += t.Cost(0, 0, 0).Once
		}
	}
	return bytes
}

// itemBytes is what an item takes from the beginning to the end of a run: in the
// list of the source, the report and the ledger. From 100 to 10,000 pictures the
// peak of a run grows by 3.1 kB for each.
const itemBytes = 4 << 10

// limitMemory makes the budget of the pictures in flight out of that of the
// process, for a source of so many items.
func (r *run) limitMemory(items int) error {
	if r.Memory <= 0 {
		return nil
	}
	r.resident = r.chain.resident() + itemBytes*int64(items)
	r.budget.limit = r.Memory - r.resident
	if r.budget.limit <= 0 {
		return usagef("%s of memory do not suffice: the program, its models and the list of pictures take about %s before the first picture; allow more with --memory", Size(r.Memory), Size(r.resident))
	}
	return nil
}

// measure finds out what the photo needs. The error tells that it is more than
// there is.
func (p *photo) measure() error {
	r := p.run
	if r.Memory <= 0 {
		return nil
	}
	if p.bytes = p.need(); p.bytes > r.budget.limit {
		return fmt.Errorf("%w: about %s for %dx%d pixels, and --memory allows %s; allow more, or scale the picture down or divide it first",
			ErrMemory, Size(p.bytes+r.resident), p.in.header.W, p.in.header.H, Size(r.Memory))
	}
	return nil
}
