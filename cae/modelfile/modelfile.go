// Package modelfile reads and writes model files: weights as named arrays in
// the safetensors format of Hugging Face, with what a program must know to use
// them in the format's metadata. It knows nothing of networks.
//
// A file is the length of the header (8 bytes, little-endian), the header (a
// JSON object that gives type, shape and place of each array) and the arrays'
// bytes without gaps; see https://huggingface.co/docs/safetensors. This package
// stores the element types F32 and F16 and refuses the others.
package modelfile

import "errors"

// Version is the version of the metadata that this package writes, and the
// newest that it reads.
const Version = 1

// ErrFormat marks a file that cannot be read because of what is in it, or a
// File that cannot be written. The message says what is wrong and where.
var ErrFormat = errors.New("unusable model file")

// DType is how elements are stored. In memory they are float32.
type DType string

// The element types: IEEE 754 binary32 and binary16. Writing as F16 rounds to
// the nearest, ties to even.
const (
	F32 DType = "F32"
	F16 DType = "F16"
)

// size is the number of bytes of an element, or 0 for a type that is not ours.
func (d DType) size() int64 {
	switch d {
	case F32:
		return 4
	case F16:
		return 2
	}
	return 0
}

// File is the content of a model file. The order of Tensors is that of the file.
type File struct {
	Metadata Metadata
	Tensors  []Tensor
}

// Tensor is a named array. Data holds the product of Shape elements, the last
// dimension running fastest; an empty Shape is one element, a dimension of 0
// none.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// Limits of a file. They are far above any model of ours and bound what a
// hostile file can ask for.
const (
	maxHeader   = 16 << 20  // bytes of JSON
	maxDims     = 6         // dimensions of a tensor
	maxKeys     = 1024      // entries of the metadata
	maxDepth    = 64        // nesting of JSON within the metadata
	maxItems    = 4096      // values in a card, or in the list of classes
	maxCardText = 256 << 10 // bytes of a card, or of the list of classes
)
