package pix

import (
	"bytes"
	"errors"
	"image/jpeg"
	"strings"
	"testing"

	"github.com/cae-restore/restore/internal/hostile"
)

// coded is a JPEG by hand. Its codes are, for DC, 0: no difference, 10: one of 1 bit,
// 110: one of 11 bits; for AC, 0: the end of the block, 10: a coefficient of 1 bit, 110:
// 16 zeros, 1110: nothing in sequential scans and in progressive ones the end of 2 or 3
// blocks by the bit behind it, 11110: a coefficient of 2 bits.
func coded(sof byte, w, h byte, components string, parts ...string) []byte {
	segment := func(marker byte, body string) string {
		return string([]byte{0xff, marker, 0, byte(len(body) + 2)}) + body
	}
	return []byte("\xff\xd8" + segment(0xdb, "\x00"+strings.Repeat("\x01", 64)) +
		segment(sof, string([]byte{8, 0, h, 0, w, byte(len(components) / 3)})+components) +
		segment(0xc4, "\x00\x01\x01\x01"+strings.Repeat("\x00", 13)+"\x00\x01\x0b") +
		segment(0xc4, "\x10\x01\x01\x01\x01\x01"+strings.Repeat("\x00", 11)+"\x00\x01\xf0\x10\x02") +
		strings.Join(parts, ""))
}

// bitString is the bytes of bits given as text, filled up with ones.
func bitString(s string) string {
	s = strings.ReplaceAll(s, " ", "")
	s += strings.Repeat("1", (8-len(s)%8)%8)
	var out []byte
	for ; s != ""; s = s[8:] {
		var b byte
		for _, c := range s[:8] {
			b = b<<1 | byte(c-'0')
		}
		if out = append(out, b); b == 0xff {
			out = append(out, 0)
		}
	}
	return string(out)
}

const (
	oneComponent = "\x01\x11\x00"
	halfColours  = "\x01\x22\x00\x02\x11\x00\x03\x11\x00"
	endOfImage   = "\xff\xd9"
)

// sos is the header of a scan of components, in the three bytes of the spectral selection
// and the approximation.
func sos(components, selection string) string {
	var list string
	for _, c := range components {
		list += string(c) + "\x00"
	}
	return string([]byte{0xff, 0xda, 0, byte(6 + len(list)), byte(len(components))}) + list + selection
}

func TestCheckJPEG(t *testing.T) {
	t.Parallel()
	sequential := sos("\x01", "\x00\x3f\x00")
	grey := func(data string) []byte { return coded(0xc0, 24, 8, oneComponent, sequential, data, endOfImage) }
	const interval = "\xff\xdd\x00\x04\x00\x01"
	restarts := func(data string) []byte {
		return coded(0xc1, 24, 8, oneComponent, interval, sequential, data, endOfImage)
	}
	block, blocks := bitString("00"), bitString("00 00 00")
	levels := sos("\x01", "\x00\x00\x00") + bitString("000")
	first, again := sos("\x01", "\x01\x3f\x01"), sos("\x01", "\x01\x3f\x10")
	progressive := func(data ...string) []byte {
		return coded(0xc2, 24, 8, oneComponent, levels+strings.Join(data, ""), endOfImage)
	}
	for _, c := range []struct {
		name string
		data []byte
		says string // or good
	}{
		{"good", grey(blocks), ""},
		{"coefficients", grey(bitString("10 1 10 1 0 0 110 110 110 10 0 0 00")), ""},
		{"zeros to the end", grey(bitString("0" + "110 110 110" + strings.Repeat("101", 15) + "00 00")), ""},
		{"padding of zeros", grey("\x00"), ""},
		{"padding of both", grey("\x01"), "left over"},
		{"filled up", grey(blocks + strings.Repeat("\xff", 300)), ""},
		{"64 zeros", grey(blocks + strings.Repeat("\x00", 64)), ""},
		{"65 zeros", grey(blocks + strings.Repeat("\x00", 65)), "of 66 bytes with samples of this jpeg, 65 are left over"},
		{"64 ones", grey(blocks + strings.Repeat("\xff\x00", 64)), ""},
		{"65 ones", grey(blocks + strings.Repeat("\xff\x00", 65)), "left over"},
		{"zeros and ones", grey(blocks + "\x00\x00\xff\x00"), "left over"},
		{"one byte", grey(blocks + "\x5a"), "left over"},
		{"no code", grey("\x0f" + "\xff\x00\xff\x00\xff\x00"), "row 1 of 8 or before (no code"},
		{"too few", grey(bitString("00 00")), "(the data end within a block); about 33 % of the picture are lost"},
		{"nothing", grey(""), "about 100 %"},
		{"too many zeros", grey(bitString("0 110 110 110 110 0 00 00")), "beyond the end"},
		{"too many coefficients", grey(bitString("0 110 110 110" + strings.Repeat("101", 14) + "110 00 00")), "beyond the end"},
		{"end of several", grey(bitString("0 1110 0 00 00")), "no meaning"},
		{"too bright", grey(bitString("110 11111111111 0 00 00")), "brighter"},
		{"too dark", grey(bitString("00 110 00000000000 0 00")), "darker"},
		{"cut", coded(0xc0, 24, 8, oneComponent, sequential, bitString("00 00")), "the file ends there"},

		{"restarts", restarts(block + "\xff\xd0" + block + "\xff\xff\xff\xd1" + block), ""},
		{"restart at the end", restarts(block + "\xff\xd0" + block + "\xff\xd1" + block + "\xff\xd2"), ""},
		{"more behind it", restarts(block + "\xff\xd0" + block + "\xff\xd1" + block + "\xff\xd2\x12\x34"), "stand where a segment"},
		{"restart missing", restarts(block + "\xff\xd0" + blocks), "restart marker"},
		{"restarts out of order", restarts(block + "\xff\xd1" + block + "\xff\xd0" + block), "restart marker 0 is missing"},
		{"restart too early", restarts("\xff\xd0" + block + "\xff\xd1" + block), "within a block"},
		{"too much before a restart", restarts(block + "\x12\xff\xd0" + block + "\xff\xd1" + block), "bytes too many before a restart marker: 1"},
		{"restarts unannounced", grey(block + "\xff\xd0" + block + "\xff\xd1" + block), "within a block"},

		{"run beyond the last", progressive(first, bitString("0 0 1110 0")), "row 1 of 8 or before (a run"},
		{"run of all", progressive(first, bitString("1110 1"), again, bitString("1110 1")), ""},
		{"run of too many", progressive(first, bitString("0 1110 1")), "scan 2 of the samples"},
		{"first and again", progressive(first, bitString("10 1 0 1110 0"), again, bitString("10 1 1 0 1110 0")), ""},
		{"again over a run", progressive(first, bitString("10 1 10 0 0 1110 0"), again, bitString("1110 1 01")), ""},
		{"again without bits", progressive(first, bitString("10 1 0 1110 0"), again, bitString("10 0")), "within a block"},
		{"again too large", progressive(first, bitString("1110 1"), again, bitString("11110 00 0 0 0")), "no meaning"},
		{"again beyond", progressive(first, bitString("1110 1"), again, bitString("110 110 110 110 0 0 0")), "beyond"},
		{"first beyond", progressive(first, bitString("110 110 110 110 0 0 0")), "beyond"},
		{"levels again", progressive(sos("\x01", "\x00\x00\x10"), bitString("101")), ""},
		{"levels again, none", progressive(sos("\x01", "\x00\x00\x10")), "within a block"},
		{"a lost header", progressive("\xff\xd2"+first[2:], bitString("1110 1")), "where a segment should"},

		{"several components", coded(0xc0, 8, 8, halfColours, sos("\x01\x02\x03", "\x00\x3f\x00"), bitString(strings.Repeat("00", 6)), endOfImage), ""},
		{"a component missing", coded(0xc0, 8, 8, halfColours, sos("\x01", "\x00\x3f\x00"), block, sos("\x02", "\x00\x3f\x00"), block, endOfImage), "component 3"},
		{"too many codes", []byte("\xff\xd8\xff\xc4\x00\x16\x00\x03" + strings.Repeat("\x00", 15) + "\x00\x01\x02" + endOfImage), "more codes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := checkJPEG(c.data)
			if c.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := jpeg.Decode(bytes.NewReader(c.data)); err != nil {
					t.Fatalf("image/jpeg takes it for damaged: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %v that says %q", err, ErrCorrupt, c.says)
			}
		})
	}
}

// TestCheckJPEGAlone refuses good files of which image/jpeg would make something else, or
// which it would call damaged.
func TestCheckJPEGAlone(t *testing.T) {
	t.Parallel()
	const interval = "\xff\xdd\x00\x04\x00\x01"
	mcu := bitString("00 00 00 00 00 00")
	levels := sos("\x01\x02\x03", "\x00\x00\x00") + bitString("000000") + "\xff\xd0" + bitString("000000")
	restarts := bitString("0")
	for i := range 7 {
		restarts += string([]byte{0xff, byte(0xd0 + i)}) + bitString("0")
	}
	factors := "\x01\x42\x00\x02\x21\x00\x03\x21\x00"
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"restarts of MCUs":       {coded(0xc0, 32, 16, halfColours, interval, sos("\x01\x02\x03", "\x00\x3f\x00"), mcu, "\xff\xd0", mcu, endOfImage), nil},
		"restarts of blocks":     {coded(0xc2, 32, 16, halfColours, interval, levels, sos("\x01", "\x01\x3f\x00"), restarts, endOfImage), ErrUnsupported},
		"restarts of one colour": {coded(0xc2, 32, 16, halfColours, interval, levels, sos("\x02", "\x01\x3f\x00"), bitString("0"), "\xff\xd0", bitString("0"), endOfImage), nil},
		"several factors": {coded(0xc0, 33, 8, factors, sos("\x01", "\x00\x3f\x00"), bitString(strings.Repeat("00", 5)),
			sos("\x02", "\x00\x3f\x00"), bitString("00 00 00"), sos("\x03", "\x00\x3f\x00"), bitString("00 00 00"), endOfImage), ErrUnsupported},
	} {
		if err := checkJPEG(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if _, err := jpeg.Decode(bytes.NewReader(c.data)); c.want == nil && err != nil {
			t.Errorf("%s: image/jpeg: %v", name, err)
		}
	}
}

// FuzzCheckJPEG finds nothing good of whose samples image/jpeg says that they are not.
func FuzzCheckJPEG(f *testing.F) {
	for _, file := range hostile.Seeds() {
		if strings.HasSuffix(file.Name, ".jpg") {
			f.Add(file.Data)
		}
	}
	f.Add(coded(0xc0, 24, 8, oneComponent, "\xff\xdd\x00\x04\x00\x01", sos("\x01", "\x00\x3f\x00"), "\x3f\xff\xd0\x3f\xff\xd1\x3f", endOfImage))
	f.Add(coded(0xc2, 24, 8, oneComponent, sos("\x01", "\x00\x00\x01"), bitString("000"), sos("\x01", "\x01\x3f\x01"), bitString("10 1 10 0 0 1110 0"),
		sos("\x01", "\x01\x3f\x10"), bitString("1110 1 01"), endOfImage))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) < 2 {
			return
		}
		if c, err := scanJPEG(data, true); err != nil || c.W*c.H > 1<<16 {
			return
		}
		if err := checkJPEG(data); err != nil {
			if err != errStream && !ours(err) {
				t.Fatalf("not one of our errors: %v", err)
			}
			return
		}
		_, err := jpeg.Decode(bytes.NewReader(data))
		for _, says := range []string{"short Huffman data", "bad Huffman code", "missing 0xff00 sequence", "unexpected Huffman code", "too many coefficients"} {
			if err != nil && strings.Contains(err.Error(), says) {
				t.Fatal(err)
			}
		}
	})
}
