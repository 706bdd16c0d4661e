package onnx

import (
	"encoding/binary"
	"math"
)

// The parts of an ONNX file and the numbers of their fields, as onnx.proto of
// the ONNX project has them (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
const (
	modelIRVersion       = 1
	modelProducerName    = 2
	modelProducerVersion = 3
	modelDocString       = 6
	modelGraph           = 7
	modelOpsetImport     = 8
	modelMetadataProps   = 14

	opsetVersion = 2 // its field 1, the domain, is empty for ONNX's own operators

	entryKey   = 1
	entryValue = 2

	graphNode        = 1
	graphName        = 2
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOpType    = 4
	nodeAttribute = 5

	attributeName = 1
	attributeF    = 2
	attributeI    = 3
	attributeS    = 4
	attributeInts = 8
	attributeType = 20

	typeFloat  = 1 // values of AttributeProto.type
	typeInt    = 2
	typeString = 3
	typeInts   = 7

	tensorDims     = 1
	tensorDataType = 2
	tensorName     = 8
	tensorRawData  = 9

	elementFloat = 1 // values of TensorProto.data_type
	elementInt64 = 7

	valueName = 1
	valueType = 2

	typeTensor      = 1
	tensorElemType  = 1
	tensorShape     = 2
	shapeDim        = 1
	dimensionValue  = 1
	dimensionSymbol = 2
)

// attribute is a named setting of a node, of one of the four types in use.
type attribute struct {
	name  string
	value any // int64, float32, string or []int64
}

func (a attribute) encode() message {
	var m message
	m.text(attributeName, a.name)
	switch v := a.value.(type) {
	case float32:
		m.float(attributeF, v)
		m.int(attributeType, typeFloat)
	case int64:
		m.int(attributeI, v)
		m.int(attributeType, typeInt)
	case string:
		m.text(attributeS, v)
		m.int(attributeType, typeString)
	case []int64:
		m.ints(attributeInts, v...)
		m.int(attributeType, typeInts)
	}
	return m
}

// operation is a node of the graph.
type operation struct {
	name, op   string
	in, out    []string
	attributes []attribute
}

func (o operation) encode() message {
	var m message
	for _, name := range o.in {
		m.text(nodeInput, name)
	}
	for _, name := range o.out {
		m.text(nodeOutput, name)
	}
	m.text(nodeName, o.name)
	m.text(nodeOpType, o.op)
	for _, a := range o.attributes {
		m.raw(nodeAttribute, a.encode())
	}
	return m
}

// floats encodes an initializer of float32, the last dimension running fastest.
func floats(name string, shape []int, data []float32) message {
	raw := make([]byte, 0, 4*len(data))
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return tensor(name, elementFloat, shape, raw)
}

// indices encodes an initializer of int64 in one dimension.
func indices(name string, data []int64) message {
	raw := make([]byte, 0, 8*len(data))
	for _, v := range data {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return tensor(name, elementInt64, []int{len(data)}, raw)
}

func tensor(name string, element int64, shape []int, raw []byte) message {
	m := make(message, 0, len(raw)+len(name)+64)
	for _, d := range shape {
		m.int(tensorDims, int64(d))
	}
	m.int(tensorDataType, element)
	m.text(tensorName, name)
	m.raw(tensorRawData, raw)
	return m
}

// dimension is a size that is fixed or, where it is 0, only has a name.
type dimension struct {
	size   int
	symbol string
}

// value encodes the name and type of an input or output of the graph.
func value(name string, dims ...dimension) message {
	var shape message
	for _, d := range dims {
		var m message
		if d.size > 0 {
			m.int(dimensionValue, int64(d.size))
		} else {
			m.text(dimensionSymbol, d.symbol)
		}
		shape.raw(shapeDim, m)
	}
	var of, kind, m message
	of.int(tensorElemType, elementFloat)
	of.raw(tensorShape, shape)
	kind.raw(typeTensor, of)
	m.text(valueName, name)
	m.raw(valueType, kind)
	return m
}
