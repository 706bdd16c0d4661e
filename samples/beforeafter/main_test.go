package main

import (
	"image"
	"image/color"
	"path/filepath"
	"strings"
	"testing"

	"github.com/disintegration/imaging"
	"github.com/google/go-cmp/cmp"
)

// folders holds one picture whose halves differ: dark red before, light after.
func folders(t *testing.T) (before, after string) {
	t.Helper()
	before, after = t.TempDir(), t.TempDir()
	for folder, c := range map[string]color.Color{before: color.NRGBA{120, 0, 0, 255}, after: color.NRGBA{240, 220, 220, 255}} {
		m := imaging.New(200, 100, c)
		m.Set(150, 50, color.NRGBA{0, 0, 255, 255})
		if err := imaging.Save(m, filepath.Join(folder, "a.png")); err != nil {
			t.Fatal(err)
		}
	}
	return before, after
}

func TestCompose(t *testing.T) {
	t.Parallel()
	before, after := folders(t)
	crops := []crop{{"a.png", image.Pt(150, 50)}, {"a.png", image.Pt(-9, 999)}}
	m, err := compose(before, after, crops, 90)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Bounds(), image.Rect(0, 0, 184, 130); got != want {
		t.Fatalf("bounds %v, want %v", got, want)
	}
	blue, dark, light, white := color.NRGBA{0, 0, 255, 255}, color.NRGBA{120, 0, 0, 255}, color.NRGBA{240, 220, 220, 255}, color.NRGBA{255, 255, 255, 255}
	for at, want := range map[image.Point]color.NRGBA{
		{45, 30}: blue, {94 + 45, 30}: blue, // the middle of the first crop, in both halves
		{5, 5}: dark, {94 + 5, 5}: light,
		{91, 30}: white, {45, 65}: white, // divider, gap between the rows
		{45, 75}: dark, {94 + 45, 75}: light, // the second row
	} {
		if got := m.At(at.X, at.Y); got != color.Color(want) {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
	letters := 0
	for y := 36; y < 60; y++ {
		for x := range 60 {
			if c := m.At(x, y).(color.NRGBA); c.R > 200 && c.G > 200 {
				letters++
			}
		}
	}
	if letters < 20 {
		t.Errorf("%d pixels of the label are light: it is not there", letters)
	}
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	before, after := folders(t)
	tests := map[string]struct {
		crops []crop
		size  int
		says  string
	}{
		"no such file": {[]crop{{"b.png", image.Pt(0, 0)}}, 90, "b.png"},
		"too large":    {[]crop{{"a.png", image.Pt(0, 0)}}, 300, "smaller -size"},
		"too small":    {[]crop{{"a.png", image.Pt(0, 0)}}, 3, "width of 60"},
		"nothing":      {nil, 90, "at least one"},
	}
	for name, tt := range tests {
		if _, err := compose(before, after, tt.crops, tt.size); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want an error that says %q", name, err, tt.says)
		}
	}
}

func TestCropFlag(t *testing.T) {
	t.Parallel()
	l := cropList{{"usual.jpg", image.Pt(1, 2)}}
	add := l.add()
	for _, bad := range []string{"", "a.jpg", "a.jpg:3", "a.jpg:x,4", ":3,4"} {
		if add(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if err := add("a.jpg:3,4"); err != nil {
		t.Fatal(err)
	}
	if err := add("b.jpg:5,-6"); err != nil {
		t.Fatal(err)
	}
	want := cropList{{"a.jpg", image.Pt(3, 4)}, {"b.jpg", image.Pt(5, -6)}}
	if d := cmp.Diff(want, l, cmp.AllowUnexported(crop{})); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
