package onnx_test

import (
	"encoding/binary"
	"math"
	"testing"
)

// field is a field of a protobuf message as it stands in the file.
type field struct {
	number int
	varint uint64
	bytes  []byte
	fixed  uint32
}

// fields splits a message. Anything that is not of the wire types that package
// onnx writes, or that does not end where it should, fails the test.
func fields(t *testing.T, b []byte) []field {
	t.Helper()
	var list []field
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			t.Fatal("a tag does not end")
		}
		b = b[n:]
		f := field{number: int(tag >> 3)}
		switch tag & 7 {
		case 0:
			if f.varint, n = binary.Uvarint(b); n <= 0 {
				t.Fatalf("field %d: a number does not end", f.number)
			}
			b = b[n:]
		case 2:
			size, n := binary.Uvarint(b)
			if n <= 0 || uint64(len(b)-n) < size {
				t.Fatalf("field %d: of %d bytes, with %d left", f.number, size, len(b)-n)
			}
			f.bytes, b = b[n:n+int(size)], b[n+int(size):]
		case 5:
			if len(b) < 4 {
				t.Fatalf("field %d: cut short", f.number)
			}
			f.fixed, b = binary.LittleEndian.Uint32(b), b[4:]
		default:
			t.Fatalf("field %d: wire type %d", f.number, tag&7)
		}
		list = append(list, f)
	}
	return list
}

// What a test sees of a model. Field numbers are written out here once more,
// from onnx.proto, so that a wrong one in the package is found.
type (
	model struct {
		ir, opset                 uint64
		producer, version, doc    string
		props                     map[string]string
		graph                     string
		nodes                     []node
		initializers              map[string]array
		inputs, outputs           []string
		dims                      map[string][]any // int64 or the name of an open size
		propKeys, initializerKeys []string         // in the file's order
	}
	node struct {
		name, op   string
		in, out    []string
		attributes map[string]any
	}
	array struct {
		element uint64
		shape   []int
		floats  []float32
		ints    []int64
	}
)

func read(t *testing.T, b []byte) *model {
	t.Helper()
	m := &model{props: map[string]string{}, initializers: map[string]array{}, dims: map[string][]any{}}
	for _, f := range fields(t, b) {
		switch f.number {
		case 1:
			m.ir = f.varint
		case 2:
			m.producer = string(f.bytes)
		case 3:
			m.version = string(f.bytes)
		case 6:
			m.doc = string(f.bytes)
		case 7:
			m.readGraph(t, f.bytes)
		case 8:
			for _, g := range fields(t, f.bytes) {
				if g.number != 2 {
					t.Errorf("opset_import has field %d", g.number)
				}
				m.opset = g.varint
			}
		case 14:
			entry := fields(t, f.bytes)
			if len(entry) != 2 || entry[0].number != 1 || entry[1].number != 2 {
				t.Fatalf("metadata entry %v", entry)
			}
			m.props[string(entry[0].bytes)] = string(entry[1].bytes)
			m.propKeys = append(m.propKeys, string(entry[0].bytes))
		default:
			t.Errorf("the model has field %d", f.number)
		}
	}
	return m
}

func (m *model) readGraph(t *testing.T, b []byte) {
	t.Helper()
	for _, f := range fields(t, b) {
		switch f.number {
		case 1:
			m.nodes = append(m.nodes, readNode(t, f.bytes))
		case 2:
			m.graph = string(f.bytes)
		case 5:
			name, a := readArray(t, f.bytes)
			if _, twice := m.initializers[name]; twice {
				t.Errorf("two initializers are called %s", name)
			}
			m.initializers[name] = a
			m.initializerKeys = append(m.initializerKeys, name)
		case 11:
			m.inputs = append(m.inputs, m.readValue(t, f.bytes))
		case 12:
			m.outputs = append(m.outputs, m.readValue(t, f.bytes))
		default:
			t.Errorf("the graph has field %d", f.number)
		}
	}
}

func readNode(t *testing.T, b []byte) node {
	t.Helper()
	n := node{attributes: map[string]any{}}
	for _, f := range fields(t, b) {
		switch f.number {
		case 1:
			n.in = append(n.in, string(f.bytes))
		case 2:
			n.out = append(n.out, string(f.bytes))
		case 3:
			n.name = string(f.bytes)
		case 4:
			n.op = string(f.bytes)
		case 5:
			n.readAttribute(t, f.bytes)
		default:
			t.Errorf("a node has field %d", f.number)
		}
	}
	return n
}

func (n *node) readAttribute(t *testing.T, b []byte) {
	t.Helper()
	var name string
	var value any
	var ints []int64
	var kind uint64
	for _, f := range fields(t, b) {
		switch f.number {
		case 1:
			name = string(f.bytes)
		case 2:
			value = math.Float32frombits(f.fixed)
		case 3:
			value = int64(f.varint)
		case 4:
			value = string(f.bytes)
		case 8:
			ints = append(ints, int64(f.varint))
			value = ints
		case 20:
			kind = f.varint
		default:
			t.Errorf("an attribute has field %d", f.number)
		}
	}
	want := map[uint64]any{1: float32(0), 2: int64(0), 3: "", 7: []int64(nil)}[kind]
	if !sameType(want, value) {
		t.Errorf("attribute %s of type %d holds a %T", name, kind, value)
	}
	n.attributes[name] = value
}

func sameType(a, b any) bool {
	switch a.(type) {
	case float32:
		_, ok := b.(float32)
		return ok
	case int64:
		_, ok := b.(int64)
		return ok
	case string:
		_, ok := b.(string)
		return ok
	case []int64:
		_, ok := b.([]int64)
		return ok
	}
	return false
}

func readArray(t *testing.T, b []byte) (name string, a array) {
	t.Helper()
	var raw []byte
	count := 1
	for _, f := range fields(t, b) {
		switch f.number {
		case 1:
			a.shape = append(a.shape, int(f.varint))
			count *= int(f.varint)
		case 2:
			a.element = f.varint
		case 8:
			name = string(f.bytes)
		case 9:
			raw = f.bytes
		default:
			t.Errorf("a tensor has field %d", f.number)
		}
	}
	size := map[uint64]int{1: 4, 7: 8}[a.element]
	if size == 0 || len(raw) != size*count {
		t.Fatalf("initializer %s of type %d and shape %v has %d bytes", name, a.element, a.shape, len(raw))
	}
	for ; len(raw) > 0; raw = raw[size:] {
		if size == 4 {
			a.floats = append(a.floats, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		} else {
			a.ints = append(a.ints, int64(binary.LittleEndian.Uint64(raw)))
		}
	}
	return name, a
}

func (m *model) readValue(t *testing.T, b []byte) (name string) {
	t.Helper()
	for _, f := range fields(t, b) {
		if f.number == 1 {
			name = string(f.bytes)
			continue
		}
		tensor := fields(t, f.bytes) // TypeProto
		if f.number != 2 || len(tensor) != 1 || tensor[0].number != 1 {
			t.Fatalf("value %s is no tensor", name)
		}
		for _, g := range fields(t, tensor[0].bytes) {
			if g.number == 1 && g.varint != 1 {
				t.Errorf("value %s is of type %d, not float", name, g.varint)
			}
			if g.number != 2 {
				continue
			}
			for _, d := range fields(t, g.bytes) {
				var size any
				for _, v := range fields(t, d.bytes) {
					if v.number == 1 {
						size = int64(v.varint)
					} else {
						size = string(v.bytes)
					}
				}
				m.dims[name] = append(m.dims[name], size)
			}
		}
	}
	return name
}
