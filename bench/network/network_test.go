package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cae-restore/restore/cae"
)

// dialogue runs the program on a small picture and returns its answers.
func dialogue(t *testing.T, name string, commands ...string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := serve(strings.NewReader(strings.Join(commands, "\n")+"\n"), &out, name, 2, 16, 24); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	if answers[0] != "ready" || len(answers) != 1+len(commands) {
		t.Fatalf("%d commands were answered by %q", len(commands), answers)
	}
	return answers[1:]
}

// TestProtocol asks for everything. It is not parallel: serve sets GOMAXPROCS.
func TestProtocol(t *testing.T) {
	dir := t.TempDir()
	in, out, model := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "x.onnx")
	picture := make([]byte, 0, 4*4*16*24)
	for i := range 4 * 16 * 24 {
		picture = binary.LittleEndian.AppendUint32(picture, math.Float32bits(float32(i%7)/7))
	}
	if err := os.WriteFile(in, picture, 0o666); err != nil {
		t.Fatal(err)
	}
	answers := dialogue(t, "mark", "info", "run 3", fmt.Sprintf("compare %s %s", in, out), "export "+model)
	if !strings.Contains(answers[0], "kernels") || !strings.Contains(answers[0], "2 threads") || !strings.Contains(answers[0], "16x24") {
		t.Errorf("info: %q", answers[0])
	}
	times := strings.Fields(answers[1])
	if len(times) != 3 {
		t.Errorf("run 3: %q", answers[1])
	}
	for _, text := range times {
		if ms, err := strconv.ParseFloat(text, 64); err != nil || ms <= 0 {
			t.Errorf("run 3: %q is no time", text)
		}
	}
	if answers[2] != "done" || answers[3] != "done" {
		t.Errorf("compare and export: %q", answers[2:])
	}
	// The result differs from the picture, but by no more than a correction.
	result, err := os.ReadFile(out)
	if err != nil || len(result) != 4*3*16*24 {
		t.Fatalf("compare wrote %d bytes (%v)", len(result), err)
	}
	if bytes.Equal(result, picture[:len(result)]) {
		t.Error("compare wrote the picture as it was")
	}
	if file, err := os.ReadFile(model); err != nil || !bytes.Contains(file, []byte("up1.weight")) {
		t.Errorf("export wrote %d bytes without the weights of up1 (%v)", len(file), err)
	}
}

func TestProtocolErrors(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, make([]byte, 12), 0o666); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{
		"run":                                "none of",
		"run 0":                              "run 0",
		"run many":                           "run many",
		"jump":                               "none of",
		"compare " + dir + "/gone x":         "gone",
		"compare " + short + " " + dir + "/": "12 bytes",
		"export " + dir + "/gone/x.onnx":     "gone",
	} {
		if got := dialogue(t, "dncnn", command)[0]; !strings.HasPrefix(got, "error ") || !strings.Contains(got, want) {
			t.Errorf("%q is answered by %q, which does not say %q", command, got, want)
		}
	}
	for _, c := range []struct {
		name string
		h, w int
		want string
	}{
		{"unet", 16, 16, "unet"},
		{"mark", 16, 20, "multiples of 8"},
		{dir + "/gone.safetensors", 16, 16, "gone"},
	} {
		err := serve(strings.NewReader(""), &bytes.Buffer{}, c.name, 1, c.h, c.w)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s at %dx%d: %v, which does not say %q", c.name, c.h, c.w, err, c.want)
		}
	}
}

// TestPeers holds the networks against their descriptions.
func TestPeers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		make   func() (*cae.Network, error)
		name   string
		params int
		macs   float64 // a pixel
	}{
		// 3 to 64, fifteen times 64 to 64, 64 to 3, all of 3x3, with biases.
		{dncnn, "dncnn", 9*(3*64+15*64*64+64*3) + 16*64 + 3, 9 * (3*64 + 15*64*64 + 64*3)},
		{mark, "mark", 1509836, 63e3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			params := 0
			for _, p := range n.Params() {
				params += len(p.Data)
				for _, v := range p.Data[:min(len(p.Data), 8)] {
					if v == 0 {
						t.Errorf("parameter %s begins with zeros", p.Name)
						break
					}
				}
			}
			if params != c.params {
				t.Errorf("%d parameters, want %d", params, c.params)
			}
			if macs := float64(n.MACs(64, 64)) / 64 / 64; math.Abs(macs/c.macs-1) > 0.02 {
				t.Errorf("%.0f multiplications a pixel, want about %.0f", macs, c.macs)
			}
			again, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			if again.Params()[2].Data[0] != n.Params()[2].Data[0] {
				t.Error("made twice, it has other weights")
			}
		})
	}
}
