package pix

import (
	"encoding/binary"
	"slices"
	"strings"
)

type bothOrders interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

var byteOrders = []bothOrders{binary.LittleEndian, binary.BigEndian}

// dirAt is a directory of TIFF that stands at an offset, with its values behind it
// and a link to the next one.
func dirAt(order bothOrders, at uint32, next uint32, fields ...tiffField) string {
	fields = slices.Clone(fields)
	slices.SortStableFunc(fields, func(a, b tiffField) int { return int(a.tag) - int(b.tag) })
	dir := order.AppendUint16(nil, uint16(len(fields)))
	var values []byte
	for _, f := range fields {
		value := []byte(f.raw)
		for _, n := range f.numbers {
			if f.kind == typeShort {
				value = order.AppendUint16(value, uint16(n))
			} else {
				value = order.AppendUint32(value, n)
			}
		}
		dir = order.AppendUint16(dir, f.tag)
		dir = order.AppendUint16(dir, f.kind)
		dir = order.AppendUint32(dir, uint32(uint64(len(value))/tiffSize[f.kind]))
		if len(value) <= 4 {
			dir = append(dir, append(value, 0, 0, 0, 0)[:4]...)
			continue
		}
		dir = order.AppendUint32(dir, at+2+uint32(12*len(fields))+4+uint32(len(values)))
		values = append(values, value...)
		values = append(values, make([]byte, len(values)%2)...)
	}
	return string(order.AppendUint32(dir, next)) + string(values)
}

func rational(tag uint16, v ...uint32) tiffField {
	return tiffField{tag: tag, kind: typeRational, numbers: v}
}

func ascii(tag uint16, s string) tiffField { return raw(tag, 2, s+"\x00") }

// cameraEXIF is an EXIF block like that of a camera: maker notes that hold an
// offset into the block, a place, the sizes of the picture, and behind all that a
// thumbnail, of the stated orientation.
func cameraEXIF(order bothOrders, orientation, w, h uint32) string {
	magic := "II*\x00"
	if order.String() == "BigEndian" {
		magic = "MM\x00*"
	}
	// The parts in order; their places are found by building them twice.
	var at [4]uint32
	var parts [4]string
	const first = 8
	for range 2 {
		note := "NOTE" + string(order.AppendUint32(nil, at[0])) + "made by nobody  "
		parts = [4]string{
			dirAt(order, at[0], at[3],
				ascii(271, "Maker"), ascii(272, "A model"), short(tagOrientation, orientation),
				rational(tagXResolution, 300, 1), rational(tagYResolution, 150, 1), short(tagResolutionUnit, 2),
				long(tagExif, at[1]), long(tagGPS, at[2])),
			dirAt(order, at[1], 0,
				ascii(36867, "2001:02:03 04:05:06"), raw(tagMakerNote, typeUndefined, note),
				short(tagPixelX, w), short(tagPixelY, h), ascii(42036, "a lens of 50 mm")),
			dirAt(order, at[2], 0,
				raw(0, typeByte, "\x02\x03\x00\x00"), ascii(1, "N"), rational(2, 52, 1, 31, 1, 12, 1), ascii(3, "E"), rational(4, 13, 1, 24, 1, 0, 1)),
			"",
		}
		next := uint32(first)
		for i, p := range parts {
			at[i] = next
			next += uint32(len(p))
		}
		thumbnail := "\xff\xd8 a thumbnail of the old picture \xff\xd9"
		size := uint32(2 + 12*3 + 4)
		parts[3] = dirAt(order, at[3], 0,
			short(259, 6), long(tagThumbnail, at[3]+size), long(tagThumbnailLength, uint32(len(thumbnail)))) + thumbnail
	}
	return magic + string(order.AppendUint32(nil, first)) + strings.Join(parts[:], "")
}

// profile is an ICC profile of the colour space with the curve and, in RGB, the
// columns of Adobe RGB (1998), adapted to D50.
func profile(space string) string {
	xyz := func(x, y, z float64) string {
		return "XYZ \x00\x00\x00\x00" + be32(uint32(x*65536+0.5), uint32(y*65536+0.5), uint32(z*65536+0.5))
	}
	curve := "curv\x00\x00\x00\x00" + be32(1) + "\x02\x33\x00\x00" // 2.19921875
	name := "a profile for tests\x00"
	desc := "desc\x00\x00\x00\x00" + be32(uint32(len(name))) + name + strings.Repeat("\x00", 4+4+2+1+67+1)
	tags := [][2]string{{"desc", desc}, {"cprt", "text\x00\x00\x00\x00none\x00\x00\x00\x00"}, {"wtpt", xyz(0.9642, 1, 0.8249)}}
	switch space {
	case "RGB ":
		tags = append(tags, [2]string{"rXYZ", xyz(0.60974, 0.31111, 0.01947)}, [2]string{"gXYZ", xyz(0.20528, 0.62567, 0.06087)},
			[2]string{"bXYZ", xyz(0.14919, 0.06322, 0.74457)}, [2]string{"rTRC", curve}, [2]string{"gTRC", curve}, [2]string{"bTRC", curve})
	case "GRAY":
		tags = append(tags, [2]string{"kTRC", curve})
	}
	table, values := be32(uint32(len(tags))), ""
	for _, t := range tags {
		table += t[0] + be32(uint32(128+4+12*len(tags)+len(values)), uint32(len(t[1])))
		values += t[1] + strings.Repeat("\x00", -len(t[1])&3)
	}
	size := 128 + len(table) + len(values)
	header := be32(uint32(size)) + "\x00\x00\x00\x00" + be32(0x02400000) + "mntr" + space + "XYZ " +
		"\x07\xd1\x00\x02\x00\x03\x00\x04\x00\x05\x00\x06" + "acsp" + strings.Repeat("\x00", 28) +
		be32(0xf6d6, 0x10000, 0xd32d) + strings.Repeat("\x00", 48)
	return header + table + values
}

// packet is an XMP packet that says what the file is, as Adobe's programs do.
func packet(orientation string) string {
	return `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"` +
		` tiff:Orientation="` + orientation + `" exif:PixelXDimension="9999" dc:format="image/jpeg"><tiff:ImageLength>8888</tiff:ImageLength>` +
		`<dc:subject><rdf:Bag><rdf:li>a word</rdf:li></rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>`
}

// iptcBlock is an IPTC-IIM block with a headline.
func iptcBlock(headline string) string {
	return "\x1c\x02\x69" + string([]byte{byte(len(headline) >> 8), byte(len(headline))}) + headline
}
