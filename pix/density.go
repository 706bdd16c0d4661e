package pix

import "math"

// Density is how many samples of a picture take a unit of length on paper, along
// a row (X) and down a column (Y). The zero value says nothing.
type Density struct {
	X, Y float64
	Unit DensityUnit
}

// DensityUnit is the unit of length of a Density.
type DensityUnit int

// The units that files know. With AspectOnly, X and Y only say how wide a sample
// is for its height.
const (
	AspectOnly DensityUnit = iota
	PerInch
	PerCentimetre
)

const cmPerInch = 2.54

// valid reports whether the density says something, and nothing absurd.
func (d Density) valid() bool {
	ok := func(v float64) bool { return v > 0 && v < 1e6 }
	return ok(d.X) && ok(d.Y)
}

// in converts to another unit; between a length and none there is no conversion.
// Metric values of PNG are whole numbers a metre: 300 an inch come back as 299.9994,
// so what is that near a whole number becomes it.
func (d Density) in(unit DensityUnit) Density {
	f := 1.0
	switch {
	case d.Unit == PerInch && unit == PerCentimetre:
		f = 1 / cmPerInch
	case d.Unit == PerCentimetre && unit == PerInch:
		f = cmPerInch
	default:
		return d
	}
	near := func(v float64) float64 {
		if r := math.Round(v); math.Abs(v-r) < 0.013 { // half a sample a metre
			return r
		}
		return v
	}
	if unit == PerCentimetre {
		near = func(v float64) float64 { return v }
	}
	return Density{near(d.X * f), near(d.Y * f), unit}
}

// whole reports whether both values are whole numbers from 1 to limit.
func (d Density) whole(limit float64) bool {
	ok := func(v float64) bool { return v >= 1 && v <= limit && v == math.Trunc(v) }
	return ok(d.X) && ok(d.Y)
}

// jfif returns the density as JFIF (ITU-T T.871) and TIFF count: the unit, 0 to 2,
// and two whole numbers of 16 bits. Where they are no whole numbers a centimetre,
// they are rounded ones an inch.
func (d Density) jfif() (unit byte, x, y uint16) {
	if !d.valid() {
		return 0, 1, 1
	}
	if d.Unit == PerCentimetre && !d.whole(65535) {
		d = d.in(PerInch)
	}
	if d.Unit == AspectOnly && !d.whole(65535) { // keep the ratio
		f := 1000 / max(d.X, d.Y)
		d.X, d.Y = d.X*f, d.Y*f
	}
	round := func(v float64) uint16 { return uint16(min(max(math.Round(v), 1), 65535)) }
	return byte(d.Unit), round(d.X), round(d.Y)
}

// phys returns the density as PNG counts: whole numbers a metre (unit 1), or a
// ratio (unit 0).
func (d Density) phys() (x, y uint32, unit byte) {
	f, unit := 1.0, byte(0)
	if d.Unit != AspectOnly {
		d, f, unit = d.in(PerCentimetre), 100, 1
	} else if !d.whole(1e6) {
		f = 1000
	}
	round := func(v float64) uint32 { return uint32(max(math.Round(v*f), 1)) }
	return round(d.X), round(d.Y), unit
}

// rationals returns the density as TIFF counts: ResolutionUnit, and X and Y as
// numerators over the denominator.
func (d Density) rationals() (unit, x, y, denominator uint32) {
	denominator = 1
	if !d.whole(1e6) {
		denominator = 1000
	}
	round := func(v float64) uint32 { return uint32(max(math.Round(v*float64(denominator)), 1)) }
	return uint32(d.Unit) + 1, round(d.X), round(d.Y), denominator
}

// density reads the resolution in a directory of TIFF or EXIF, where the unit is
// the inch unless it says otherwise (TIFF 6.0, page 38).
func (t *tiffBlock) density(dir []entry) Density {
	rational := func(tag uint16) float64 {
		e, _ := find(dir, tag)
		if e.kind != typeRational || len(e.value) < 8 {
			return 0
		}
		return float64(t.order.Uint32(e.value)) / float64(t.order.Uint32(e.value[4:]))
	}
	d := Density{rational(tagXResolution), rational(tagYResolution), DensityUnit(t.findUint(dir, tagResolutionUnit, 2)) - 1}
	if !d.valid() || d.Unit < AspectOnly || d.Unit > PerCentimetre {
		return Density{}
	}
	return d
}

// exifDensity is the density that an EXIF block says.
func exifDensity(block []byte) Density {
	t, err := openTIFF(block)
	if err != nil {
		return Density{}
	}
	dir, _, err := t.dir(t.first)
	if err != nil {
		return Density{}
	}
	return t.density(dir)
}
