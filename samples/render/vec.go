package main

import "math"

// vec is a point, a direction, or a colour in linear light (red, green, blue;
// 1 is white).
type vec struct{ X, Y, Z float64 }

func (a vec) add(b vec) vec            { return vec{a.X + b.X, a.Y + b.Y, a.Z + b.Z} }
func (a vec) sub(b vec) vec            { return vec{a.X - b.X, a.Y - b.Y, a.Z - b.Z} }
func (a vec) mul(b vec) vec            { return vec{a.X * b.X, a.Y * b.Y, a.Z * b.Z} }
func (a vec) times(f float64) vec      { return vec{a.X * f, a.Y * f, a.Z * f} }
func (a vec) dot(b vec) float64        { return a.X*b.X + a.Y*b.Y + a.Z*b.Z }
func (a vec) length() float64          { return math.Sqrt(a.dot(a)) }
func (a vec) unit() vec                { return a.times(1 / a.length()) }
func (a vec) mix(b vec, t float64) vec { return a.add(b.sub(a).times(t)) }

func (a vec) cross(b vec) vec {
	return vec{a.Y*b.Z - a.Z*b.Y, a.Z*b.X - a.X*b.Z, a.X*b.Y - a.Y*b.X}
}

// mirror reflects the direction a at a surface with unit normal n.
func (a vec) mirror(n vec) vec { return a.sub(n.times(2 * a.dot(n))) }

// hex is the linear colour of an sRGB one written as 0xRRGGBB.
func hex(rgb uint32) vec {
	return vec{toLinear(float64(rgb>>16) / 255), toLinear(float64(rgb>>8&255) / 255), toLinear(float64(rgb&255) / 255)}
}

func clamp(x, lo, hi float64) float64 { return min(max(x, lo), hi) }

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

// step rises smoothly from 0 at a to 1 at b.
func step(a, b, x float64) float64 {
	t := clamp((x-a)/(b-a), 0, 1)
	return t * t * (3 - 2*t)
}
