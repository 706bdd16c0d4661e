package pix

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
)

// An ICC profile (ICC.1:2022, section 7) is a header of 128 bytes, a table of tags
// and their values. All numbers are big-endian.
const (
	iccHeader   = 128
	iccSpace    = 16 // where the header has the signature of the colour space
	iccTagEntry = 12
)

// profileFor returns the profile that says of samples in so many planes what icc
// said of the file's: icc itself where it is for as many channels. Grey samples
// whose profile is for RGB, such as those of a palette in which every colour is
// grey, get the grey profile that says the same, where there is one. Otherwise the
// result is nil, with the reason.
func profileFor(icc []byte, planes int) (profile []byte, why string) {
	if len(icc) < iccHeader+4 || string(icc[36:40]) != "acsp" {
		return nil, "it is damaged"
	}
	switch space := string(icc[iccSpace : iccSpace+4]); {
	case space == "GRAY" && planes == 1, space == "RGB " && planes == 3:
		return icc, ""
	case space == "RGB " && planes == 1:
		if grey := greyProfile(icc); grey != nil {
			return grey, ""
		}
		return nil, "it is for RGB and the picture is grey"
	default:
		kind := "RGB"
		if planes == 1 {
			kind = "grey"
		}
		return nil, fmt.Sprintf("it is for %q and the picture is %s", bytes.TrimSpace([]byte(space)), kind)
	}
}

// iccTag returns the value of a tag, or nil where there is none inside the
// profile.
func iccTag(icc []byte, signature string) []byte {
	n := binary.BigEndian.Uint32(icc[iccHeader:])
	table := icc[iccHeader+4:]
	for i := uint32(0); i < n && len(table) >= iccTagEntry; i++ {
		from, size := uint64(binary.BigEndian.Uint32(table[4:])), uint64(binary.BigEndian.Uint32(table[8:]))
		if string(table[:4]) == signature {
			if from+size > uint64(len(icc)) || size < 8 {
				return nil
			}
			return icc[from : from+size]
		}
		table = table[iccTagEntry:]
	}
	return nil
}

// greyProfile makes a monochrome profile (ICC.1:2022, section 8.5) of an RGB one
// of matrix and curves: with equal samples, its three curves are one, and the sum
// of its columns is white. Where the curves differ, equal samples are no grey, and
// the result is nil, as it is for profiles with tables.
func greyProfile(icc []byte) []byte {
	curve := iccTag(icc, "rTRC")
	if curve == nil || string(icc[20:24]) != "XYZ " || iccTag(icc, "A2B0") != nil ||
		!bytes.Equal(curve, iccTag(icc, "gTRC")) || !bytes.Equal(curve, iccTag(icc, "bTRC")) {
		return nil
	}
	type tag struct {
		signature string
		value     []byte
	}
	tags := []tag{{"kTRC", curve}}
	for _, signature := range []string{"desc", "cprt", "wtpt", "chad"} {
		if v := iccTag(icc, signature); v != nil {
			tags = append(tags, tag{signature, v})
		}
	}
	out := bytes.Clone(icc[:iccHeader])
	copy(out[iccSpace:], "GRAY")
	clear(out[84:100]) // the profile's own checksum
	out = binary.BigEndian.AppendUint32(out, uint32(len(tags)))
	at := len(out) + iccTagEntry*len(tags)
	for _, t := range tags {
		out = append(out, t.signature...)
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.value)))
		at += (len(t.value) + 3) &^ 3
	}
	for _, t := range tags {
		out = append(out, t.value...)
		out = append(out, make([]byte, -len(t.value)&3)...)
	}
	if int64(len(out)) > math.MaxUint32 {
		return nil
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}
