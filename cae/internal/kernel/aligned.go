package kernel

import "unsafe"

// cacheLine is the size in bytes of a line of the caches, and of a pixel.
const cacheLine = 64

// Aligned returns n float32 of zero, the first on a 64-byte boundary: a pixel
// that begins at a multiple of Lanes then lies in one line of the caches. No
// kernel needs that, but all are quicker so.
func Aligned(n int) []float32 {
	const size = unsafe.Sizeof(float32(0))
	s := make([]float32, n+cacheLine/int(size)-1)
	advise(s)
	skip := 0
	if past := uintptr(unsafe.Pointer(unsafe.SliceData(s))) % cacheLine; past != 0 {
		skip = int((cacheLine - past) / size)
	}
	return s[skip : skip+n : skip+n]
}
