package neural

import (
	"math"
	"sync"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/tasks"
)

// Pieces in which a picture goes through the network are as large as memory
// allows, since they overlap by what the network looks at beyond them and the
// overlap is computed twice. Where nothing says how much memory there is, the
// pictures in flight, one a worker, share memoryBytes, but none gets less than
// leastBytes or more than mostBytes: beyond that the overlap is small, and memory
// that is used for the first time costs time too.
const (
	memoryBytes = 2 << 30
	leastBytes  = 256 << 20
	mostBytes   = 1 << 30
)

// leastSide is the side below which tiles would be little but overlap. A picture
// so wide that they take more than they should gets them all the same.
const leastSide = 256

// tileBytes is what one picture on its way through the network may take.
func tileBytes(env tasks.Env) int64 {
	if env.Memory > 0 {
		return env.Memory
	}
	return min(mostBytes, max(leastBytes, memoryBytes/int64(max(1, env.Workers))))
}

// tiling is how a picture goes through a network within a limit.
type tiling struct {
	side int   // of a tile
	cost int64 // see Model.Cost
}

// tilings remembers tilings: finding one takes longer than a thumbnail should.
type tilings struct {
	mu   sync.Mutex
	list map[tilingKey]tiling
}

type tilingKey struct {
	w, h, workers int
	limit         int64
}

// mostTilings bounds what is remembered.
const mostTilings = 1000

func (m *Model) tiling(env tasks.Env, w, h int) tiling {
	key := tilingKey{w, h, env.Workers, tileBytes(env)}
	t := &m.tilings
	t.mu.Lock()
	found, ok := t.list[key]
	t.mu.Unlock()
	if ok {
		return found
	}
	found.side = m.side(w, h, key.workers, key.limit)
	found.cost = m.cost(m.layout(w, h, found.side), key.workers)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.list == nil || len(t.list) >= mostTilings {
		t.list = map[tilingKey]tiling{}
	}
	t.list[key] = found
	return found
}

// side is the side of the largest tiles with which a picture takes no more than
// limit, or of the smallest tiles that are worth it. A picture is cut into tiles
// of about the same size.
func (m *Model) side(w, h, workers int, limit int64) int {
	for n := 1; ; n++ {
		l := m.layout(w, h, 1)
		longest := max(l.padW, l.padH)
		l = m.layout(w, h, (longest+n-1)/n)
		if l.side <= leastSide || m.cost(l, workers) <= limit {
			return l.side
		}
	}
}

// Cost is how many bytes Stream takes at most for a picture of w by h samples
// where the environment does not limit memory: the rows of a band, and the
// network's workspace for one tile.
func (m *Model) Cost(w, h, workers int) int64 {
	return m.CostIn(tasks.Env{Workers: workers}, w, h)
}

// CostIn is Cost with the workers and the memory of env.
func (m *Model) CostIn(env tasks.Env, w, h int) int64 { return m.tiling(env, w, h).cost }

// Resident is how many bytes the model takes by itself, whatever goes through
// it: its file, the parameters, and those of the plan. A plan holds 36
// transformed weights for the 9 of a 3x3 kernel, and fills blocks of planes up.
func (m *Model) Resident() int64 {
	values := int64(0)
	for _, p := range m.Net.Params() {
		values += int64(len(p.Data))
	}
	return values * (4 + 4 + 20)
}

func (m *Model) cost(l layout, workers int) int64 {
	rows, cols := int64(l.rowsOfTile()), int64(l.colsOfTile())
	planes := int64(0)
	for _, in := range m.Net.Inputs() {
		planes += int64(in.Planes)
	}
	out, err := m.Net.OutShape(1, int(rows), int(cols))
	if err != nil {
		return math.MaxInt64 // too large for one piece
	}
	work, err := m.Net.Workspace(int(rows), int(cols), workers)
	if err != nil {
		return math.MaxInt64
	}
	// Rows have memory each, and sizes are rounded up.
	row := int64(l.padW) * 4
	row += min(row/8, 8<<10)
	band := row * (rows*planes + int64(min(l.padH, l.side))*int64(out.C))
	return band + rows*cols*planes*4 + work // the inputs of a tile
}

// CostOf is Cost for the network with the given JSON, as tasks.Model asks for
// it. It panics, when it is asked, where that is no network, which is a mistake
// of the program.
func CostOf(network []byte) func(w, h, workers int) int64 {
	model := UntrainedOnce(network)
	return func(w, h, workers int) int64 { return model().Cost(w, h, workers) }
}

// UntrainedOnce is Untrained, put off until it is called first: programs start
// with many models and ask few of them.
func UntrainedOnce(network []byte) func() *Model {
	return sync.OnceValue(func() *Model { return Untrained(network) })
}

// Untrained is a model of the network with the given JSON, whose parameters are
// zeros: to be asked what it costs. It panics where that is no network.
func Untrained(network []byte) *Model {
	net, err := cae.Parse(network)
	if err != nil {
		panic(err)
	}
	return &Model{Net: net}
}
