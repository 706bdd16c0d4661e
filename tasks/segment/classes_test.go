package segment

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestDecide: pieces without a certain sample go, whatever their shape.
func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ found, want string }{
		"nothing":      {"...../.....", "...../....."},
		"uncertain":    {"11.../..22.", "...../....."},
		"certain":      {"A..../...B.", "1..../...2."},
		"run":          {"111A111", "1111111"},
		"corners":      {"1....1/.1..1./..A1..", "1....1/.1..1./..11.."},
		"two pieces":   {"11.22/1A.22/11.22", "11.../11.../11..."},
		"round corner": {"1111./1..1./1.11./1..../1111A", "1111./1..1./1.11./1..../11111"},
		"other kinds":  {"345.A12/......1", "....112/......1"},
		"row ends":     {"....1/1..../A....", "...../1..../1...."}, // the end of a row does not touch the start of the next
	} {
		rows := strings.Split(c.found, "/")
		m := &classes{w: len(rows[0]), h: len(rows)}
		for _, b := range []byte(strings.Join(rows, "")) {
			switch {
			case b == '.':
				m.class = append(m.class, 0)
			case b >= 'A':
				m.class = append(m.class, b-'A'+1|certainBit)
			default:
				m.class = append(m.class, b-'0')
			}
		}
		m.decide()
		var got strings.Builder
		for i, k := range m.class {
			if i > 0 && i%m.w == 0 {
				got.WriteByte('/')
			}
			got.WriteByte(".12345"[k])
		}
		if got.String() != c.want {
			t.Errorf("%s: %s became %s, want %s", name, c.found, got.String(), c.want)
		}
	}
}

// TestDecideNoise: on noise, the same as by spreading from the certain ones until
// nothing changes.
func TestDecideNoise(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, share := range []float64{0.2, 0.35, 0.45, 0.7, 1} {
		m := &classes{w: 61, h: 47, class: make([]uint8, 61*47)}
		for i := range m.class {
			if rng.Float64() < share {
				m.class[i] = uint8(1 + rng.IntN(kindCount))
				if rng.IntN(100) == 0 {
					m.class[i] |= certainBit
				}
			}
		}
		want := slices.Clone(m.class)
		for again := true; again; {
			again = false
			for i, k := range want {
				if k == 0 || k&certainBit != 0 {
					continue
				}
				for _, d := range [][2]int{{-1, -1}, {0, -1}, {1, -1}, {-1, 0}, {1, 0}, {-1, 1}, {0, 1}, {1, 1}} {
					x, y := i%m.w+d[0], i/m.w+d[1]
					if x >= 0 && x < m.w && y >= 0 && y < m.h && want[y*m.w+x]&certainBit != 0 {
						want[i] |= certainBit
						again = true
					}
				}
			}
		}
		for i, k := range want {
			if k&certainBit == 0 {
				want[i] = 0
			}
			want[i] &^= certainBit
		}
		m.decide()
		if !slices.Equal(m.class, want) {
			t.Errorf("share %v: another result", share)
		}
	}
}
