package kernel

func depthwiseGeneric(dst, add, src []float32, offs []int, w, bias []float32, slope float32, n, srcStep, dstStep int) {
	for t := range n {
		v := *at(bias, 0)
		for s, off := range offs {
			p, q := at(w, s*Lanes), at(src, off+t*srcStep)
			for k := range Lanes {
				v[k] += p[k] * q[k]
			}
		}
		i := t * dstStep
		d := at(dst, i)
		if add != nil {
			a := at(add, i)
			for k := range Lanes {
				v[k] += a[k]
			}
		}
		for k := range Lanes {
			d[k] = leaky(v[k], slope)
		}
	}
}

func depthwiseGradGeneric(dw, grad, src []float32, offs []int, n, gradStep, srcStep int) {
	for s, off := range offs {
		d := at(dw, s*Lanes)
		for t := range n {
			g, p := at(grad, t*gradStep), at(src, off+t*srcStep)
			for k := range Lanes {
				d[k] += g[k] * p[k]
			}
		}
	}
}
