package kernel

func addGeneric(dst, src []float32) {
	dst = head(dst, len(src))
	for i, v := range src {
		dst[i] += v
	}
}

func activateGeneric(dst, src []float32, slope float32) {
	dst = head(dst, len(src))
	for i, v := range src {
		dst[i] = leaky(v, slope)
	}
}

func activateGradGeneric(dst, grad, out []float32, slope float32) {
	dst, out = head(dst, len(grad)), head(out, len(grad))
	// A table instead of a branch, which would guess wrong at every other
	// sample; the product with 1 changes nothing.
	factor := [2]float32{slope, 1}
	for i, g := range grad {
		above := 0
		if out[i] > 0 {
			above = 1
		}
		dst[i] = g * factor[above]
	}
}
