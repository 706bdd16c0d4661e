package pix_test

import (
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
)

func TestDilate(t *testing.T) {
	t.Parallel()
	const w, h = 7, 6
	from := make([]uint8, w*h)
	from[3*w+3], from[0] = 3, 1
	for r, want := range map[int]string{
		0: "#....../......./......./...#.../......./......./",
		1: "##...../##...../..###../..###../..###../......./",
		2: "###..../#####../######./.#####./.#####./..###../",
		9: "#######/#######/#######/#######/#######/#######/",
	} {
		to := make([]uint16, w*h)
		to[w*h-1] = 7
		pix.Dilate(to, 65535, from, w, h, r)
		if last := to[w*h-1]; last != 7 && r < 9 {
			t.Errorf("radius %d: a sample that is not reached became %d", r, last)
		}
		to[w*h-1] &= 65528 // 7 goes, 65535 stays
		var b strings.Builder
		for i, v := range to {
			b.WriteByte(".#"[min(v, 1)])
			if i%w == w-1 {
				b.WriteByte('/')
			}
		}
		if got := b.String(); got != want {
			t.Errorf("radius %d:\n%s, want\n%s", r, got, want)
		}
	}
}

// TestDilateDisc: against the definition.
func TestDilateDisc(t *testing.T) {
	t.Parallel()
	const side = 41
	from, to := make([]uint16, side*side), make([]uint8, side*side)
	for _, r := range []int{0, 1, 2, 5, 13, 20} {
		clear(from)
		clear(to)
		from[20*side+20] = 65535
		pix.Dilate(to, 1, from, side, side, r)
		for i, v := range to {
			dx, dy := i%side-20, i/side-20
			if (v == 1) != (dx*dx+dy*dy <= r*r+r) {
				t.Errorf("radius %d: %d, %d is %d", r, dx, dy, v)
			}
		}
	}
}
