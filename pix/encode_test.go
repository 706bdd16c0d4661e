package pix

import (
	"fmt"
	"testing"
)

var sizes = [][2]int{{1, 1}, {1, 7}, {7, 1}, {17, 9}, {64, 33}}

// TestRoundTrip writes pictures of every kind in every format and reads them
// back: exactly where the format has no loss.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"png", "tiff", "jpeg", "bmp", "webp"} {
		for _, size := range sizes {
			for _, planes := range []int{1, 3} {
				for _, depth := range []int{8, 16} {
					for _, alpha := range []bool{false, true} {
						t.Run(fmt.Sprintf("format=%s/size=%dx%d/planes=%d/depth=%d/alpha=%t", format, size[0], size[1], planes, depth, alpha), func(t *testing.T) {
							t.Parallel()
							if format == "jpeg" && alpha {
								t.Skip("JPEG has no opacity")
							}
							m := scene(size[0], size[1], planes, depth, alpha)
							got := decoded(t, encoded(t, m, format))
							if format == "jpeg" {
								db, err := PSNR(got, m)
								if err != nil || db < 30 {
									t.Fatalf("%.1f dB (%v) after JPEG, want 30", db, err)
								}
								return
							}
							want := m
							if depth == 16 && format != "png" && format != "tiff" {
								want = FromImage(m.shallow(8).ToImage())
							}
							if planes == 1 && (format == "webp" || format == "bmp" && alpha) { // no such modes
								want.Planes = [][]uint16{want.channel(0), want.channel(1), want.channel(2)}
							}
							same(t, got, want)
							if got.Meta.Format != format || got.Meta.Depth != want.Meta.Depth {
								t.Errorf("got %s of %d bits, want %s of %d", got.Meta.Format, got.Meta.Depth, format, want.Meta.Depth)
							}
						})
					}
				}
			}
		}
	}
}
