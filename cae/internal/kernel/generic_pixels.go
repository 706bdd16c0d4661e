package kernel

func copyGeneric(dst, src []float32, n, step int) {
	for t := range n {
		*at(dst, t*Lanes) = *at(src, t*step)
	}
}

// finishPixel writes v + bias, + add where add is not nil, through leaky to
// dst[i...]. add has the layout of dst and may be dst.
func finishPixel(dst, add []float32, v *pixel, i int, bias []float32, slope float32) {
	d, b := at(dst, i), at(bias, 0)
	if add == nil {
		for k := range Lanes {
			d[k] = leaky(v[k]+b[k], slope)
		}
		return
	}
	a := at(add, i)
	for k := range Lanes {
		d[k] = leaky(v[k]+b[k]+a[k], slope)
	}
}

func finishGeneric(dst, add, src []float32, n, step int, bias []float32, slope float32) {
	for t := range n {
		finishPixel(dst, add, at(src, t*Lanes), t*step, bias, slope)
	}
}

func affineGeneric(dst, src, scale, shift []float32, n int) {
	a, b := at(scale, 0), at(shift, 0)
	for t := range n {
		d, s := at(dst, t*Lanes), at(src, t*Lanes)
		for k := range Lanes {
			d[k] = s[k]*a[k] + b[k]
		}
	}
}

func addAffineGeneric(dst, x, y, a, b, c []float32, n int) {
	pa, pb, pc := at(a, 0), at(b, 0), at(c, 0)
	for t := range n {
		d, px, py := at(dst, t*Lanes), at(x, t*Lanes), at(y, t*Lanes)
		for k := range Lanes {
			d[k] += pb[k]*py[k] + (pa[k]*px[k] + pc[k])
		}
	}
}

func momentsGeneric(sum, dot, a, b, shift []float32, n int) {
	ps, pd, p0 := at(sum, 0), at(dot, 0), at(shift, 0)
	for t := range n {
		pa, pb := at(a, t*Lanes), at(b, t*Lanes)
		for k := range Lanes {
			ps[k] += pa[k]
			pd[k] += pa[k] * (pb[k] - p0[k])
		}
	}
}
