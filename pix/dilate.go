package pix

// Dilate sets to value those samples of to, w*h of them, that are within r samples
// of one of from that is not 0: morphological dilation by a disc (Serra, "Image
// Analysis and Mathematical Morphology", 1982), of those samples that lie no
// farther from its middle than the square root of r²+r, which looks round on a
// grid. The others are left as they are; to must not be from.
func Dilate[To, From uint8 | uint16](to []To, value To, from []From, w, h, r int) {
	// How far the disc reaches to the sides, by the rows from its middle.
	reach := make([]int, r+1)
	for dy := range reach {
		for (reach[dy]+1)*(reach[dy]+1)+dy*dy <= r*r+r {
			reach[dy]++
		}
	}
	// Each run in a row marks runs in the rows about it.
	for y := range h {
		row := from[y*w : (y+1)*w]
		for x := 0; x < w; x++ {
			if row[x] == 0 {
				continue
			}
			end := x + 1
			for end < w && row[end] != 0 {
				end++
			}
			for dy := max(-r, -y); dy <= min(r, h-1-y); dy++ {
				side := reach[max(dy, -dy)]
				run := to[(y+dy)*w:][max(0, x-side):min(w, end+side)]
				for i := range run {
					run[i] = value
				}
			}
			x = end
		}
	}
}
