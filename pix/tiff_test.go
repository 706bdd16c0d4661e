package pix

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// TestTIFFLayouts reads uncompressed pictures in the layouts that there are:
// both byte orders, 8 and 16 bits, interleaved and in planes, strips and tiles,
// with and without differencing.
func TestTIFFLayouts(t *testing.T) {
	t.Parallel()
	const w, h = 21, 19
	for _, big := range []bool{false, true} {
		for _, depth := range []int{8, 16} {
			for _, alpha := range []bool{false, true} {
				for _, planes := range []int{1, 3} {
					for _, planar := range []uint32{1, 2} {
						for _, tiled := range []bool{false, true} {
							for _, predictor := range []uint32{1, 2} {
								name := fmt.Sprintf("big=%t/depth=%d/alpha=%t/planes=%d/planar=%d/tiled=%t/predictor=%d", big, depth, alpha, planes, planar, tiled, predictor)
								t.Run(name, func(t *testing.T) {
									t.Parallel()
									want := scene(w, h, planes, depth, alpha)
									got := decoded(t, layTIFF(want, big, planar, predictor, tiled))
									same(t, got, want)
									if got.Meta.Depth != depth {
										t.Errorf("got %d bits, want %d", got.Meta.Depth, depth)
									}
								})
							}
						}
					}
				}
			}
		}
	}
}

// layTIFF writes a picture uncompressed in the given layout.
func layTIFF(m *Image, big bool, planar, predictor uint32, tiled bool) []byte {
	var order interface {
		binary.ByteOrder
		binary.AppendByteOrder
	} = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	channels := slices.Clone(m.Planes)
	if m.Alpha != nil {
		channels = append(channels, m.Alpha)
	}
	groups := [][][]uint16{channels}
	if planar == 2 {
		groups = nil
		for _, c := range channels {
			groups = append(groups, [][]uint16{c})
		}
	}
	bw, bh := m.W, 5 // five rows a strip, the last one shorter
	if tiled {
		bw, bh = 16, 16
	}
	var blobs []string
	var offsets, counts []uint32
	at := uint32(8)
	for _, group := range groups {
		for y0 := 0; y0 < m.H; y0 += bh {
			for x0 := 0; x0 < m.W; x0 += bw {
				var b []byte
				for y := y0; y < y0+bh; y++ {
					if y >= m.H && !tiled {
						break
					}
					for x := x0; x < x0+bw; x++ {
						for _, c := range group {
							sample := func(x int) uint16 {
								if x < x0 || x >= m.W || y >= m.H {
									return 0
								}
								return c[y*m.W+x]
							}
							v, before := sample(x), uint16(0)
							if predictor == 2 {
								before = sample(x - 1)
							}
							if m.Meta.Depth == 16 {
								b = order.AppendUint16(b, v-before)
							} else {
								b = append(b, to8(v)-to8(before))
							}
						}
					}
				}
				blobs, offsets, counts = append(blobs, string(b)), append(offsets, at), append(counts, uint32(len(b)))
				at += uint32(len(b)+1) &^ 1
			}
		}
	}
	photometric := uint32(1)
	if !m.Grey() {
		photometric = 2
	}
	fields := []tiffField{
		long(tagWidth, uint32(m.W)), long(tagHeight, uint32(m.H)),
		short(tagBits, slices.Repeat([]uint32{uint32(m.Meta.Depth)}, len(channels))...),
		short(tagCompression, 1), short(tagPhotometric, photometric), short(tagSamples, uint32(len(channels))),
		short(tagPlanar, planar), short(tagPredictor, predictor),
	}
	if m.Alpha != nil {
		fields = append(fields, short(tagExtraSamples, 2))
	}
	if tiled {
		fields = append(fields, long(tagTileWidth, 16), long(tagTileHeight, 16), long(tagTileOffsets, offsets...), long(tagTileCounts, counts...))
	} else {
		fields = append(fields, long(tagRowsPerStrip, 5), long(tagStripOffsets, offsets...), long(tagStripCounts, counts...))
	}
	return tiffFile(order, blobs, fields)
}

// TestTIFFKinds reads the kinds whose samples mean something else.
func TestTIFFKinds(t *testing.T) {
	t.Parallel()
	grey := func(v ...uint16) [][]uint16 { return [][]uint16{v} }
	page := func(photometric uint32, samples int, bits uint32, count uint32, more ...tiffField) []tiffField {
		return append([]tiffField{
			long(tagWidth, 2), long(tagHeight, 1), short(tagBits, slices.Repeat([]uint32{bits}, samples)...), short(tagCompression, 1),
			short(tagPhotometric, photometric), short(tagSamples, uint32(samples)), long(tagRowsPerStrip, 1),
			long(tagStripOffsets, 8), long(tagStripCounts, count),
		}, more...)
	}
	colours := make([]uint32, 3*256)
	colours[1], colours[256+1], colours[512+1] = 65535, 257, 0
	for _, c := range []struct {
		name   string
		blob   string
		page   []tiffField
		planes [][]uint16
		alpha  []uint16
	}{
		{"white is zero", "\x00\x40", page(0, 1, 8, 2), grey(65535, 0xbfbf), nil},
		{"white is zero with opacity", "\x00\xff\xff\x40", page(0, 2, 8, 4, short(tagExtraSamples, 2)), grey(65535, 0), []uint16{65535, 0x4040}},
		{"bilevel", "\x40", page(1, 1, 1, 1), grey(0, 65535), nil},
		{"palette", "\x01\x00", page(3, 1, 8, 2, short(320, colours...)), [][]uint16{{65535, 0}, {257, 0}, {0, 0}}, nil},
		{"inks", "\x00\xff\x00\x00\x00\x00\x00\x80", page(5, 4, 8, 8), [][]uint16{{65535, 0x7f7f}, {0, 0x7f7f}, {65535, 0x7f7f}}, nil},
		{"multiplied opacity", "\x20\x40\x00\x80\x00\x00\x00\x00", page(2, 4, 8, 8, short(tagExtraSamples, 1)),
			[][]uint16{{16384, 0}, {32768, 0}, {0, 0}}, []uint16{0x8080, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := decoded(t, tiffFile(binary.LittleEndian, []string{c.blob}, c.page))
			same(t, got, &Image{W: 2, H: 1, Planes: c.planes, Alpha: c.alpha})
		})
	}
	for _, c := range []struct {
		name string
		page []tiffField
	}{
		{"unknown channel", page(2, 4, 8, 8, short(tagExtraSamples, 0))},
		{"two channels of opacity", page(1, 3, 8, 6, short(tagExtraSamples, 2, 2))},
		{"32 bits", page(1, 1, 32, 8)},
		{"floats", page(1, 1, 16, 4, short(tagSampleFormat, 3))},
		{"Lab", page(8, 3, 8, 6)},
		{"JPEG inside", append(page(1, 1, 8, 2)[:3], append(page(1, 1, 8, 2)[4:], short(tagCompression, 7))...)},
		{"raw", page(1, 1, 16, 4, raw(tagDNGVersion, typeByte, "\x01\x04\x00\x00"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			data := tiffFile(binary.LittleEndian, []string{"\x00\x00\x00\x00\x00\x00\x00\x00"}, c.page)
			if _, err := Decode(bytes.NewReader(data), Limits{}); !errors.Is(err, ErrUnsupported) {
				t.Errorf("got %v, want %v", err, ErrUnsupported)
			}
		})
	}
}
