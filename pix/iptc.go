package pix

import (
	"bytes"
	"encoding/binary"
)

// iptcOf finds the IPTC-IIM block among Photoshop's image resources, each of
// which is "8BIM", an id, a name and a body, padded to even lengths. nil where
// there is none, or where the resources end in the middle of one before it.
func iptcOf(resources []byte) []byte {
	const idIPTC = 0x0404
	for r := resources; len(r) >= 12 && string(r[:4]) == "8BIM"; {
		id := binary.BigEndian.Uint16(r[4:])
		name := (1 + int(r[6]) + 1) &^ 1 // a length byte and as many letters
		if len(r) < 6+name+4 {
			return nil
		}
		size := int64(binary.BigEndian.Uint32(r[6+name:]))
		body := r[6+name+4:]
		if size > int64(len(body)) {
			return nil
		}
		if id == idIPTC {
			return bytes.Clone(body[:size])
		}
		r = body[min(int64(len(body)), (size+1)&^1):]
	}
	return nil
}

// resourceIPTC wraps an IPTC-IIM block as the image resource that iptcOf finds;
// nil where there is none.
func resourceIPTC(block []byte) []byte {
	if len(block) == 0 {
		return nil
	}
	out := append([]byte("8BIM\x04\x04\x00\x00"), 0, 0, 0, 0)
	binary.BigEndian.PutUint32(out[8:], uint32(len(block)))
	out = append(out, block...)
	return append(out, make([]byte, len(block)%2)...)
}
