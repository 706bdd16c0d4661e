package cae

import "github.com/cae-restore/restore/cae/internal/kernel"

// tileGrid is the output tiles of a batch, numbered along rows, picture after
// picture. The grid begins at the picture's first pixel in every layer, so a
// picture cut at multiples of the tile gives the same bits.
type tileGrid struct{ n, h, w int }

func gridOf(s Shape) tileGrid {
	return tileGrid{s.N, tiled(s.H) / kernel.Tile, tiled(s.W) / kernel.Tile}
}

func (g tileGrid) tiles() int { return g.n * g.h * g.w }

// tileRun is tiles side by side: picture, row and first column of tiles.
type tileRun struct{ n, y, x, count int }

// run is the tiles from t on that stand side by side, up to end.
func (g tileGrid) run(t, end int) tileRun {
	x := t % g.w
	return tileRun{t / (g.w * g.h), t / g.w % g.h, x, min(g.w-x, end-t)}
}

// tilesAtOnce is how many tiles go through the transforms and products
// together: as many as keep their 36 frequencies of all planes in a level-2
// cache, in multiples of what the kernels take. It changes no bit.
func tilesAtOnce(planes int) int {
	if planes > 96 {
		const some = 32
		return some - some%kernel.Active().Rows
	}
	return kernel.MaxRows
}

// freqStep is the distance of two frequencies of so many planes and tiles; the
// odd line keeps them from meeting in one set of a cache.
func freqStep(blocks, tiles int) int { return blocks*tiles*lanes + lanes }

// winograd is the work of a 3x3 correlation of stride 1 by Winograd's minimal
// filtering F(4x4, 3x3), see kernel.Tile.
func (f *filters) winograd(out, in *Map, fin finish) Work {
	dy, dx, _ := f.c.winograd()
	g := gridOf(out.Shape)
	at := tilesAtOnce(f.c.in)
	blocks := in.blocks()
	v := freqStep(blocks, at)
	m := freqStep(1, at)
	offs := make([]int, blocks)
	for i := range offs {
		offs[i] = i * at * lanes
	}
	slope := fin.factor()
	size := kernel.Frequencies*(v+m) + kernel.TransformScratch + patchSize
	return Work{N: (g.tiles() + at - 1) / at, Scratch: size, Do: func(scratch []float32, i int) {
		k := kernel.Active()
		vs, scratch := scratch[:kernel.Frequencies*v], scratch[kernel.Frequencies*v:]
		ms, scratch := scratch[:kernel.Frequencies*m], scratch[kernel.Frequencies*m:]
		tmp, patch := scratch[:kernel.TransformScratch], scratch[kernel.TransformScratch:]
		t0, t1 := i*at, min((i+1)*at, g.tiles())
		inputTiles(k, vs, in, g, t0, t1, at, v, dy, dx, tmp, patch)
		for b := range out.blocks() {
			lo, hi := f.c.span(b)
			u := f.w[0][b]
			step := (hi - lo) * lanes * lanes
			for q := range kernel.Frequencies {
				k.Multiply(ms[q*m:], vs[q*v:], offs[lo:hi], u[q*step:], t1-t0)
			}
			bias := f.bias[b*lanes : (b+1)*lanes]
			for t := t0; t < t1; {
				r := g.run(t, t1)
				outputTiles(k, out, fin, slope, b, r, ms[(t-t0)*lanes:], m, bias, tmp, patch)
				t += r.count
			}
		}
	}}
}

const patchSize = kernel.Patch * kernel.Patch * lanes

// inputTiles transforms the patches that the tiles t0 <= t < t1 read, all
// blocks of planes: v[frequency][block][tile].
func inputTiles(k *kernel.Set, v []float32, in *Map, g tileGrid, t0, t1, at, step, dy, dx int, tmp, patch []float32) {
	for b := range in.blocks() {
		for t := t0; t < t1; {
			r := g.run(t, t1)
			to := v[(b*at+t-t0)*lanes:]
			y, x := r.y*kernel.Tile+dy, r.x*kernel.Tile+dx
			if y >= -halo && x >= -halo && y+kernel.Patch <= tiled(in.H)+halo &&
				x+(r.count-1)*kernel.Tile+kernel.Patch <= tiled(in.W)+halo {
				k.InputTiles(to, in.Data[in.at(r.n, b, y, x):], r.count, in.row, step, tmp)
			} else {
				for j := range r.count {
					cut(patch, in, r.n, b, y, x+j*kernel.Tile)
					k.InputTiles(to[j*lanes:], patch, 1, kernel.Patch*lanes, step, tmp)
				}
			}
			t += r.count
		}
	}
}

// cut copies a patch whose first pixel is (y, x), zero outside the map.
func cut(patch []float32, in *Map, n, block, y, x int) {
	clear(patch[:patchSize])
	x0, x1 := max(x, 0), min(x+kernel.Patch, in.W)
	for i := max(0, -y); i < kernel.Patch && y+i < in.H && x0 < x1; i++ {
		at := in.at(n, block, y+i, x0)
		copy(patch[(i*kernel.Patch+x0-x)*lanes:], in.Data[at:at+(x1-x0)*lanes])
	}
}

// outputTiles transforms a run of tiles back and writes what lies inside the
// output.
func outputTiles(k *kernel.Set, out *Map, fin finish, slope float32, b int, r tileRun, m []float32, step int, bias, tmp, patch []float32) {
	y, x := r.y*kernel.Tile, r.x*kernel.Tile
	rows := min(kernel.Tile, out.H-y)
	whole := 0
	if rows == kernel.Tile {
		whole = min(r.count, (out.W-x)/kernel.Tile)
	}
	if whole > 0 {
		at := out.at(r.n, b, y, x)
		k.OutputTiles(out.Data[at:], fin.from(at), m, whole, out.row, step, bias, slope, tmp)
	}
	const row = kernel.Tile * lanes
	for j := whole; j < r.count; j++ {
		cols := min(kernel.Tile, out.W-x-j*kernel.Tile) * lanes
		at := out.at(r.n, b, y, x+j*kernel.Tile)
		var add []float32
		if fin.add != nil {
			add = patch
			for i := range rows {
				copy(patch[i*row:], fin.add.Data[at+i*out.row:][:cols])
			}
		}
		k.OutputTiles(patch, add, m[j*lanes:], 1, row, step, bias, slope, tmp)
		for i := range rows {
			copy(out.Data[at+i*out.row:][:cols], patch[i*row:])
		}
	}
}
