package kernel

func depthwiseGeneric(dst, add, src []float32, offs []int, w, bias []float32, slope float32, n, srcStep, dstStep int) {
	for t := range n {
		var v pixel
		if len(offs) > 0 {
			p, q := at(w, 0), at(src, offs[0]+t*srcStep)
			b := at(bias, 0)
			for k := range Lanes {
				v[k] = b[k] + p[k]*q[k]
			}
			for s := 1; s < len(offs); s++ {
				p, q := at(w, s*Lanes), at(src, offs[s]+t*srcStep)
				for k := range Lanes {
					v[k] += p[k] * q[k]
				}
			}
		} else {
			v = *at(bias, 0)
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
