package main

import "math"

// hash mixes the coordinates of a lattice point with a seed into 32 bits. The
// last steps are those of MurmurHash3, which leave no pattern between neighbours.
func hash(x, y, z int, seed uint32) uint32 {
	h := seed*0x9e3779b9 ^ uint32(x)*0x85ebca6b ^ uint32(y)*0xc2b2ae35 ^ uint32(z)*0x27d4eb2f
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// random is hash as a number in [0, 1).
func random(x, y, z int, seed uint32) float64 { return float64(hash(x, y, z, seed)) / (1 << 32) }

var gradients = func() (g [64][2]float64) {
	for i := range g {
		g[i][1], g[i][0] = math.Sincos(2 * math.Pi * float64(i) / float64(len(g)))
	}
	return g
}()

func fade(t float64) float64 { return t * t * t * (t*(t*6-15) + 10) }

// gradientNoise is Perlin's noise in two dimensions (SIGGRAPH 2002), about -1 to 1, with
// features of size 1.
func gradientNoise(x, y float64, seed uint32) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	x, y = x-fx, y-fy
	corner := func(dx, dy int) float64 {
		g := &gradients[hash(ix+dx, iy+dy, 0, seed)&63]
		return g[0]*(x-float64(dx)) + g[1]*(y-float64(dy))
	}
	u, v := fade(x), fade(y)
	return 1.41 * lerp(lerp(corner(0, 0), corner(1, 0), u), lerp(corner(0, 1), corner(1, 1), u), v)
}

// valueNoise interpolates random values at the points of a lattice in three
// dimensions; -1 to 1.
func valueNoise(p vec, seed uint32) float64 {
	fx, fy, fz := math.Floor(p.X), math.Floor(p.Y), math.Floor(p.Z)
	ix, iy, iz := int(fx), int(fy), int(fz)
	u, v, w := fade(p.X-fx), fade(p.Y-fy), fade(p.Z-fz)
	row := func(dy, dz int) float64 {
		return lerp(random(ix, iy+dy, iz+dz, seed), random(ix+1, iy+dy, iz+dz, seed), u)
	}
	return 2*lerp(lerp(row(0, 0), row(1, 0), v), lerp(row(0, 1), row(1, 1), v), w) - 1
}

// fbm sums octaves of noise, each of half the size and half the strength. The lattice is
// turned from one to the next, so that its axes do not show.
func fbm(x, y float64, octaves int, seed uint32) float64 {
	sum, amp := 0.0, 0.5
	for i := range octaves {
		sum += amp * gradientNoise(x, y, seed+uint32(i)*101)
		x, y = 1.6*x+1.2*y, -1.2*x+1.6*y
		amp /= 2
	}
	return sum
}

// fbm3 is fbm in three dimensions.
func fbm3(p vec, octaves int, seed uint32) float64 {
	sum, amp := 0.0, 0.5
	for i := range octaves {
		sum += amp * valueNoise(p, seed+uint32(i)*101)
		p = vec{1.6*p.X + 1.2*p.Y, -1.2*p.X + 1.6*p.Y, 2*p.Z + 0.37}
		amp /= 2
	}
	return sum
}

// ridged is like fbm with sharp crests, 0 to about 1; each octave is strong
// where the one before it was high, as erosion leaves mountains (Musgrave, in
// Ebert et al., "Texturing and Modeling", 1994).
func ridged(x, y float64, octaves int, seed uint32) float64 {
	sum, amp, weight := 0.0, 0.5, 1.0
	for i := range octaves {
		n := 1 - math.Abs(gradientNoise(x, y, seed+uint32(i)*101))
		n *= n * weight
		weight = clamp(2*n, 0, 1)
		sum += amp * n
		x, y = 1.6*x+1.2*y, -1.2*x+1.6*y
		amp /= 2
	}
	return sum
}
