package modelfile

import "math"

// ToHalf rounds f to IEEE 754 binary16: to the nearest, ties to the even
// significand. From 65520 upwards that is infinity; a NaN stays one and is made
// quiet.
func ToHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	abs := bits & 0x7fffffff
	switch {
	case abs > 0x7f800000: // NaN: keep what fits of its payload
		return sign | 0x7e00 | uint16(abs>>13&0x3ff)
	case abs >= 0x477ff000: // 65520, half-way between the largest half and 2^16
		return sign | 0x7c00
	case abs < 0x38800000: // below 2^-14: a multiple of 2^-24; 1024 of them are the first normal half
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	abs -= (127 - 15) << 23  // the other bias of the exponent
	abs += 0xfff + abs>>13&1 // rounds the 13 bits that go; a carry runs into the exponent, as it should
	return sign | uint16(abs>>13)
}

// FromHalf returns the value of an IEEE 754 binary16 number, which float32
// holds exactly.
func FromHalf(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	if h&0x7c00 == 0x7c00 { // infinity or no number
		return math.Float32frombits(sign | 0x7f800000 | uint32(h&0x3ff)<<13)
	}
	// As bits of a float32 it is 2^-112 of what it should be, normal or not: its
	// exponent has another bias.
	v := math.Float32frombits(uint32(h&0x7fff)<<13) * 0x1p112
	return math.Float32frombits(math.Float32bits(v) | sign)
}
