// Package cae is the engine: tensors, layers, networks as named graphs, and the
// convolutional autoencoders that every task of the program is built on. It
// knows nothing of pictures, files of pictures, or flags.
package cae

import (
	"fmt"

	"github.com/cae-restore/restore/cae/internal/kernel"
)

// Shape is the size of a tensor: N pictures of C planes of H rows of W samples.
type Shape struct{ N, C, H, W int }

// Len is the number of elements.
func (s Shape) Len() int { return s.N * s.C * s.H * s.W }

func (s Shape) String() string { return fmt.Sprintf("%dx%dx%dx%d", s.N, s.C, s.H, s.W) }

// Tensor is a batch of pictures in planes: element (n, c, y, x) stands at
// Data[((n*C+c)*H+y)*W+x].
type Tensor struct {
	Shape
	Data []float32
}

// NewTensor returns a tensor of zeros.
func NewTensor(s Shape) *Tensor { return &Tensor{s, kernel.Aligned(s.Len())} }

// Picture returns the elements of picture n.
func (t *Tensor) Picture(n int) []float32 {
	size := t.C * t.H * t.W
	return t.Data[n*size : (n+1)*size]
}

// Plane returns plane c of picture n.
func (t *Tensor) Plane(n, c int) []float32 {
	size := t.H * t.W
	at := (n*t.C + c) * size
	return t.Data[at : at+size]
}
