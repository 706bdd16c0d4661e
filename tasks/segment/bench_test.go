package segment

import (
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// BenchmarkPair is a pair of 128x128 samples, as a training makes it.
func BenchmarkPair(b *testing.B) {
	m := pix.New(128, 128, 3)
	for p, plane := range m.Planes {
		for i := range plane {
			plane[i] = uint16(i*(p+3)*7) | 0x3000
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	s := tasks.Sample{Image: m, Assets: map[string][]tasks.Asset{overlaysName: assets()}}
	for b.Loop() {
		if _, err := pair(rng, s); err != nil {
			b.Fatal(err)
		}
	}
}
