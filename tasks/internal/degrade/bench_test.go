package degrade

import "testing"

func BenchmarkApply(b *testing.B) {
	for name, draw := range kinds {
		b.Run("kind="+name, func(b *testing.B) {
			rng := newRand(1)
			clean := waves(96, 96)
			b.ReportAllocs()
			for b.Loop() {
				draw(rng).Apply(rng, clean.Clone())
			}
		})
	}
}
