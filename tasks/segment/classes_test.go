package segment

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// TestDecide: pieces without enough certain samples go, whatever their shape.
func TestDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ found, want string }{
		"nothing":      {"...../.....", "...../....."},
		"uncertain":    {"11.../..22.", "...../....."},
		"certain":      {"A..../...B.", "1..../...2."},
		"run":          {"111A111", "1111111"},
		"corners":      {"1....1/.1..1./..A1..", "1....1/.1..1./..11.."},
		"two pieces":   {"11.22/1A.22/11.22", "11.../11.../11..."},
		"round corner": {"1111./1A.1./1.11./1..../1111A", "1111./11.1./1.11./1..../11111"},
		"a tenth":      {"1111111/1A11111/1111..1", "......./......./......."}, // of 19, two would do
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

// TestDecideNoise: on noise, the same as where each sample takes the highest name
// among its neighbours until nothing changes.
func TestDecideNoise(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for _, share := range []float64{0.2, 0.3, 0.35, 0.45, 0.7, 1} {
		m := &classes{w: 61, h: 47, class: make([]uint8, 61*47)}
		names := make([]int, len(m.class))
		for i := range m.class {
			if rng.Float64() < share {
				names[i] = i + 1
				m.class[i] = uint8(1 + rng.IntN(kindCount))
				if rng.IntN(9) == 0 {
					m.class[i] |= certainBit
				}
			}
		}
		for again := true; again; {
			again = false
			for i, name := range names {
				for k := range 9 {
					x, y := i%m.w+k%3-1, i/m.w+k/3-1
					if name > 0 && x >= 0 && x < m.w && y >= 0 && y < m.h && names[y*m.w+x] > names[i] {
						names[i], again = names[y*m.w+x], true
					}
				}
			}
		}
		size, certain := map[int]float64{}, map[int]float64{}
		for i, k := range m.class {
			size[names[i]]++
			certain[names[i]] += float64(k >> 7)
		}
		want := make([]uint8, len(m.class))
		kept := 0
		for i, k := range m.class {
			if n := certain[names[i]]; n > 0 && n >= size[names[i]]/10 {
				want[i] = k & 7
				kept++
			}
		}
		m.decide()
		if !slices.Equal(m.class, want) {
			t.Errorf("share %v: another result", share)
		}
		t.Logf("share %v: %d of %d samples are kept", share, kept, len(want))
	}
}
