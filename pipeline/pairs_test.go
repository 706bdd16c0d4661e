package pipeline

import (
	"strings"
	"testing"
)

func TestPairs(t *testing.T) {
	t.Parallel()
	items := func(side, names string) (list []Item) {
		for _, name := range strings.Fields(names) {
			list = append(list, Item{Path: side + "/" + name, Rel: name})
		}
		return list
	}
	for _, c := range []struct{ name, a, b, pairs, singles string }{
		{"same names", "a.png s/b.jpg", "s/b.jpg a.png", "a.png=a.png s/b.jpg=s/b.jpg", ""},
		{"other endings", "a.jpg s/b.JPG", "a.png s/b.tif", "a.jpg=a.png s/b.JPG=s/b.tif", ""},
		{"the same name comes first", "a.jpg a.png", "a.png a.tif", "a.jpg=a.tif a.png=a.png", ""},
		{"folders count", "s/a.jpg", "t/a.png a.png", "", "A/s/a.jpg B/t/a.png B/a.png"},
		{"several on the other side", "a.jpg", "a.png a.tif", "", "A/a.jpg:B/a.png+B/a.tif B/a.png:B/a.png+B/a.tif B/a.tif:B/a.png+B/a.tif"},
		{"several on this side", "a.jpg a.png", "a.tif", "", "A/a.jpg:A/a.jpg+A/a.png A/a.png:A/a.jpg+A/a.png B/a.tif:A/a.jpg+A/a.png"},
		{"only pictures have endings", "scan.2024 notes.txt", "scan.2025 notes.png", "", "A/scan.2024 A/notes.txt B/scan.2025 B/notes.png"},
		{"sorted by the first", "c.jpg b.png a.jpg", "a.png b.png c.png", "a.jpg=a.png b.png=b.png c.jpg=c.png", ""},
		{"none", "", "x.png", "", "B/x.png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			pairs, singles := Pairs(items("A", c.a), items("B", c.b))
			var got, alone []string
			for _, p := range pairs {
				got = append(got, p.A.Rel+"="+p.B.Rel)
			}
			for _, s := range singles {
				text := s.Path
				if s.Why != nil {
					text += ":" + strings.Join(strings.Fields(s.Why.Error())[:3:3], "")
				}
				alone = append(alone, strings.ReplaceAll(text, "and", "+"))
			}
			if g := strings.Join(got, " "); g != c.pairs {
				t.Errorf("pairs %q, want %q", g, c.pairs)
			}
			if g := strings.Join(alone, " "); g != c.singles {
				t.Errorf("singles %q, want %q", g, c.singles)
			}
		})
	}
}
