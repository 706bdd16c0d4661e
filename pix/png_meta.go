package pix

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
)

// writeMetaPNG writes the chunks of metadata, all before the samples, where every
// reader looks for them (PNG specification, third edition, section 5.6).
func writeMetaPNG(w io.Writer, c carried) error {
	if c.icc != nil {
		// The name is for people; this one is what most programs write.
		packed := bytes.NewBufferString("ICC profile\x00\x00")
		z := zlib.NewWriter(packed)
		if _, err := z.Write(c.icc); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		if err := writeChunk(w, "iCCP", packed.Bytes()); err != nil {
			return err
		}
	}
	for kind, whole := range chunks(c.chunks) {
		if kind == "sRGB" && c.icc != nil { // one or the other
			continue
		}
		if _, err := w.Write(whole); err != nil {
			return err
		}
	}
	if c.density != (Density{}) {
		x, y, unit := c.density.phys()
		if err := writeChunk(w, "pHYs", append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, x), y), unit)); err != nil {
			return err
		}
	}
	if c.exif != nil {
		if err := writeChunk(w, "eXIf", c.exif); err != nil {
			return err
		}
	}
	if c.xmp != nil {
		// Not packed, no language, no translated keyword.
		return writeChunk(w, "iTXt", append([]byte("XML:com.adobe.xmp\x00\x00\x00\x00\x00"), c.xmp...))
	}
	return nil
}

// chunks yields whole chunks by their type, up to the first that is cut short.
func chunks(data []byte) func(yield func(kind string, whole []byte) bool) {
	return func(yield func(string, []byte) bool) {
		for len(data) >= 12 {
			size := 12 + uint64(binary.BigEndian.Uint32(data))
			if size > uint64(len(data)) || !yield(string(data[4:8]), data[:size]) {
				return
			}
			data = data[size:]
		}
	}
}

// chunkColours says what chunks tell of a colour space that is not sRGB; empty
// where it is sRGB or they say nothing. What comes first here has precedence (PNG
// specification, third edition, section 4.3).
func chunkColours(data []byte) string {
	bodies := map[string][]byte{}
	for kind, whole := range chunks(data) {
		bodies[kind] = whole[8 : len(whole)-4]
	}
	if b := bodies["cICP"]; len(b) == 4 {
		if b[0] == 1 && b[1] == 13 { // primaries and transfer function of sRGB (ITU-T H.273)
			return ""
		}
		return fmt.Sprintf("cICP %d/%d", b[0], b[1])
	}
	if _, ok := bodies["sRGB"]; ok {
		return ""
	}
	near := func(v uint32, want, by int64) bool { return int64(v) > want-by && int64(v) < want+by }
	if b := bodies["cHRM"]; len(b) == 32 {
		for i, want := range []int64{31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000} {
			if !near(binary.BigEndian.Uint32(b[4*i:]), want, 1000) {
				return "other primaries than those of sRGB"
			}
		}
	}
	if b := bodies["gAMA"]; len(b) == 4 {
		if v := binary.BigEndian.Uint32(b); v != 0 && !near(v, 45455, 1000) {
			return fmt.Sprintf("gamma 1/%.3g", 1e5/float64(v))
		}
	}
	return ""
}
