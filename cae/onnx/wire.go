package onnx

import (
	"encoding/binary"
	"math"
)

// message is a protobuf message as it grows: fields in the order in which they
// are put, each a tag (number and wire type) and its value. The wire format is
// described at https://protobuf.dev/programming-guides/encoding/.
type message []byte

// Wire types.
const (
	wireVarint  = 0
	wireBytes   = 2
	wireFixed32 = 5
)

func (m *message) tag(field, wire int) {
	*m = binary.AppendUvarint(*m, uint64(field)<<3|uint64(wire))
}

// int puts an int32, int64 or enum.
func (m *message) int(field int, v int64) {
	m.tag(field, wireVarint)
	*m = binary.AppendUvarint(*m, uint64(v))
}

// ints puts a repeated int64, each with a tag of its own: onnx.proto is proto2,
// where repeated numbers are not packed.
func (m *message) ints(field int, list ...int64) {
	for _, v := range list {
		m.int(field, v)
	}
}

// float puts a float.
func (m *message) float(field int, v float32) {
	m.tag(field, wireFixed32)
	*m = binary.LittleEndian.AppendUint32(*m, math.Float32bits(v))
}

// text puts a string, even an empty one: in lists it holds a place.
func (m *message) text(field int, s string) {
	m.tag(field, wireBytes)
	*m = binary.AppendUvarint(*m, uint64(len(s)))
	*m = append(*m, s...)
}

// raw puts bytes, or a message within this one.
func (m *message) raw(field int, b []byte) {
	m.tag(field, wireBytes)
	*m = binary.AppendUvarint(*m, uint64(len(b)))
	*m = append(*m, b...)
}
