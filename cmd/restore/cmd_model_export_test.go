package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks/all"
)

// openBatch is how a dimension called batch, of no fixed size, stands in a file:
// field 2 of its message, of five bytes.
const openBatch = "\x12\x05batch"

func TestModelExport(t *testing.T) {
	t.Parallel()
	_, model := trained(t)
	dir := t.TempDir()
	export := func(args ...string) result {
		return restoreWith(t, all.Registry(), append([]string{"model", "export"}, args...)...)
	}
	open, fixed := filepath.Join(dir, "open.onnx"), filepath.Join(dir, "fixed.onnx")
	export(model, "--onnx", open).want(t, exitDone, open)
	file := bytesOf(t, open)
	// The parts of an ONNX file are names in the clear: operators, values, metadata.
	for _, part := range []string{"SpaceToDepth", "ConvTranspose", "door.weight", openBatch, "margin", "restore train denoise"} {
		if !bytes.Contains(file, []byte(part)) {
			t.Errorf("the file does not hold %q", part)
		}
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("beside the file the folder holds %v (%v)", entries, err)
	}

	export(model, "--onnx", fixed, "--batch", "1", "--height", "64", "--width", "32").want(t, exitDone, fixed)
	if bytes.Contains(bytesOf(t, fixed), []byte(openBatch)) {
		t.Error("with all sizes fixed, one is open")
	}

	// A file that is there stays, unless asked otherwise.
	writeFile(t, open, []byte("dear"))
	export(model, "--onnx", open).want(t, exitUsage, open, "--overwrite")
	if string(bytesOf(t, open)) != "dear" {
		t.Error("the file that was there is gone")
	}
	export(model, "--onnx", open, "--overwrite").want(t, exitDone, open)
	if !bytes.Equal(bytesOf(t, open), file) {
		t.Error("the same model gave other bytes")
	}
}

func TestModelExportShipped(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "denoise.onnx")
	restoreWith(t, all.Registry(), "model", "export", "--onnx", out, "denoise").want(t, exitDone, out)
	if size := len(bytesOf(t, out)); size < 1<<20 {
		t.Errorf("a file of %d bytes cannot hold the weights in float32", size)
	}
}

func TestModelExportErrors(t *testing.T) {
	t.Parallel()
	_, model := trained(t)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"--onnx OUT", exitUsage, "NAME|FILE"},
		{"MODEL", exitUsage, "--onnx OUT"},
		{"MODEL --onnx OUT --height 0", exitUsage, "--height"},
		{"MODEL --onnx OUT --width -8", exitUsage, "--width"},
		{"MODEL --onnx OUT --width 12", exitUsage, "multiple of 8"},
		{"MODEL --onnx DIR", exitUsage, "exists"},
		{"MODEL --onnx DIR --overwrite", exitUsage, "folder"},
		{"OWN --onnx OWN --overwrite", exitUsage, "the model itself"},
		{"MODEL --onnx DIR/gone/x.onnx", exitEnvironment, "cannot be written"},
		{"DIR/gone --onnx OUT", exitEnvironment, "neither a file nor a shipped model"},
		{"JUNK --onnx OUT", exitEnvironment, "unusable model"},
		{"MODEL --onxn OUT", exitUsage, "--onnx"},
	} {
		t.Run(c.args, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			out := filepath.Join(dir, "x.onnx")
			own := writeFile(t, filepath.Join(dir, "own.safetensors"), bytesOf(t, model))
			junk := writeFile(t, filepath.Join(dir, "junk"), []byte("junk"))
			args := strings.NewReplacer("OUT", out, "OWN", own, "JUNK", junk, "DIR", dir, "MODEL", model).Replace(c.args)
			restoreWith(t, all.Registry(), append([]string{"model", "export"}, strings.Fields(args)...)...).want(t, c.code, c.want)
			if exists(out) {
				t.Error("it left a file")
			}
			if !bytes.Equal(bytesOf(t, own), bytesOf(t, model)) {
				t.Error("it changed the model")
			}
		})
	}
}
