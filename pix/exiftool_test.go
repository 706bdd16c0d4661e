package pix

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exiftool returns what the program of that name says of each file: values by group
// and tag, such as "GPS:GPSLatitude", validation included. It skips the test where
// the program is not installed.
func exiftool(t *testing.T, files ...string) []map[string]any {
	t.Helper()
	args := append([]string{"-json", "-G1", "-n", "-a", "-validate", "-warning", "-error", "-all"}, files...)
	out, err := exec.Command("exiftool", args...).Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Skip("no exiftool here (Debian's libimage-exiftool-perl)")
	}
	var tags []map[string]any
	if e := json.Unmarshal(out, &tags); e != nil || len(tags) != len(files) {
		t.Fatalf("exiftool: %v, %v: %s", err, e, out)
	}
	return tags
}

// TestExiftool compares what another program reads in the input and in the output,
// for every pair of formats and both byte orders.
func TestExiftool(t *testing.T) {
	t.Parallel()
	type file struct {
		name, format string
		planes       int
		data         []byte
	}
	var inputs []file
	for _, order := range byteOrders {
		for _, planes := range []int{1, 3} {
			jpeg := cameraFile(t, order, planes)
			m := decoded(t, jpeg)
			inputs = append(inputs, file{"jpeg", "jpeg", planes, jpeg})
			// The same in other containers; WebP's is put together by hand.
			for _, format := range []string{"png", "tiff"} {
				inputs = append(inputs, file{format, format, planes, encoded(t, m, format)})
			}
			if planes == 3 {
				inputs = append(inputs, file{"webp", "webp", planes, extendedWebP(plainWebP(m), 0x2c, m.W, m.H,
					[]string{riffChunk("ICCP", string(m.Meta.ICC))},
					[]string{riffChunk("EXIF", cameraEXIF(order, 8, 24, 16)), riffChunk("XMP ", packet("8"))})})
			}
		}
	}
	dir := t.TempDir()
	var names []string
	var from []int // the input that a file comes from
	var upright []*Image
	for i, in := range inputs {
		m := decoded(t, in.data)
		upright = append(upright, m)
		for _, format := range []string{"", "jpeg", "png", "tiff"} {
			name, data := fmt.Sprintf("%d-from-%s.%s", i, in.name, format), in.data
			if format != "" {
				data = encoded(t, m, format)
			} else {
				name = fmt.Sprintf("%d.%s", i, in.format)
			}
			name = filepath.Join(dir, name)
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
			names, from = append(names, name), append(from, i)
		}
	}
	tags := exiftool(t, names...)
	input := map[int]map[string]any{}
	for i, got := range tags {
		name := filepath.Base(names[i])
		if !strings.Contains(name, "from") {
			input[from[i]] = got
			continue
		}
		in := input[from[i]]
		want := map[string]any{
			"IFD0:Orientation": 1.0, "IFD1:ThumbnailImage": nil, "IFD1:ThumbnailOffset": nil,
			"XMP-tiff:Orientation": 1.0, "ExifIFD:ExifImageWidth": upright[from[i]].W, "ExifIFD:ExifImageHeight": upright[from[i]].H,
			"ICC_Profile:ProfileDescription": "a profile for tests", "ExifTool:Error": nil,
		}
		keys := []string{
			"IFD0:Make", "IFD0:Model", "ExifIFD:DateTimeOriginal", "ExifIFD:LensModel", "ExifIFD:MakerNoteUnknownText",
			"GPS:GPSLatitude", "GPS:GPSLongitude", "GPS:GPSLatitudeRef", "XMP-dc:Subject", "ICC_Profile:MediaWhitePoint",
		}
		if inputs[from[i]].format != "png" && inputs[from[i]].format != "webp" && !strings.HasSuffix(name, "png") {
			want["IPTC:Headline"] = "a headline"
		}
		for _, key := range keys {
			want[key] = in[key]
			if in[key] == nil && key != "ExifIFD:MakerNoteUnknownText" {
				t.Errorf("%s: the input has no %s", name, key)
			}
		}
		for key, v := range want {
			if fmt.Sprint(got[key]) != fmt.Sprint(v) {
				t.Errorf("%s: %s is %v, want %v", name, key, got[key], v)
			}
		}
		// Warnings, so many each, are of what the input lacks as well; errors are not.
		if v := fmt.Sprint(got["ExifTool:Validate"]); !strings.HasPrefix(v, "0 ") {
			t.Errorf("%s: exiftool counts errors, warnings and minor ones: %s", name, v)
		}
	}
}
