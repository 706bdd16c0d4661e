package pix

// fieldTIFF is a field to be written: numbers, bytes, or a whole field of 12 bytes
// whose value is in the file already.
type fieldTIFF struct {
	tag, kind uint16
	values    []uint32
	raw       []byte
}

// fieldWhole is the kind of a field that is written as it is.
const fieldWhole = 0

// fieldsTIFF returns the fields of metadata: those of the EXIF block's first
// directory that describe the picture, as they are, and the others.
func (c carried) fieldsTIFF(exif *tiffBlock) ([]fieldTIFF, error) {
	var out []fieldTIFF
	seen := map[uint16]bool{}
	if c.exif != nil {
		dir, _, err := exif.dir(exif.first)
		if err != nil {
			return nil, err
		}
		for i, e := range dir {
			if e.value == nil || seen[e.tag] || !describes(e.tag) {
				continue
			}
			if pointer(e.tag) {
				if _, _, err := exif.childDir(e); err != nil {
					continue
				}
			}
			seen[e.tag] = true
			at := uint64(exif.first) + 2 + 12*uint64(i)
			out = append(out, fieldTIFF{e.tag, fieldWhole, nil, exif.data[at : at+12]})
		}
	}
	if c.density != (Density{}) && !seen[tagXResolution] && !seen[tagYResolution] {
		unit, x, y, d := c.density.rationals()
		out = append(out,
			fieldTIFF{tagXResolution, typeRational, []uint32{x, d}, nil},
			fieldTIFF{tagYResolution, typeRational, []uint32{y, d}, nil})
		if !seen[tagResolutionUnit] {
			out = append(out, fieldTIFF{tagResolutionUnit, typeShort, []uint32{unit}, nil})
		}
	}
	for _, f := range []fieldTIFF{
		{tagXMP, typeByte, nil, c.xmp},
		{tagIPTC, typeUndefined, nil, c.iptc},
		{tagICC, typeUndefined, nil, c.icc},
	} {
		if len(f.raw) > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}
