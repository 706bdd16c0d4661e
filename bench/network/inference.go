package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/cae/onnx"
)

// inference runs a network over one picture.
type inference struct {
	exec *cae.Exec
	net  *cae.Network
	plan *cae.Plan
	meta modelfile.Metadata
	in   []*cae.Tensor
}

func newInference(exec *cae.Exec, name string, h, w int) (*inference, error) {
	net, meta, err := build(name)
	if err != nil {
		return nil, err
	}
	if m := net.Footprint().Multiple; h%m != 0 || w%m != 0 {
		return nil, fmt.Errorf("-size %dx%d: the network takes multiples of %d", h, w, m)
	}
	plan, err := net.Compile()
	if err != nil {
		return nil, err
	}
	return &inference{exec, net, plan, meta, pictures(net, 1, h, w)}, nil
}

func (j *inference) info() string {
	s := j.in[0].Shape
	return fmt.Sprintf("%dx%d, %.1f GMAC", s.H, s.W, float64(j.net.MACs(s.H, s.W))/1e9)
}

func (j *inference) run() error {
	_, err := j.plan.Forward(j.exec, j.in...)
	return err
}

// export leaves height and width open: ONNX Runtime was measured to be as quick
// as with fixed ones.
func (j *inference) export(path string) error {
	return exportTo(path, j.net, j.meta)
}

func exportTo(path string, net *cae.Network, meta modelfile.Metadata) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
	}()
	return onnx.Write(f, net, onnx.Options{Producer: "restore bench/network", Metadata: meta})
}

func (j *inference) compare(from, to string) error {
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	want := 0
	for _, t := range j.in {
		want += 4 * len(t.Data)
	}
	if len(raw) != want {
		return fmt.Errorf("%s has %d bytes, the inputs need %d", from, len(raw), want)
	}
	in := make([]*cae.Tensor, len(j.in))
	for i, t := range j.in {
		in[i] = cae.NewTensor(t.Shape)
		for k := range in[i].Data {
			in[i].Data[k] = math.Float32frombits(binary.LittleEndian.Uint32(raw))
			raw = raw[4:]
		}
	}
	out, err := j.plan.Forward(j.exec, in...)
	if err != nil {
		return err
	}
	var result []byte
	for _, v := range out.Data {
		result = binary.LittleEndian.AppendUint32(result, math.Float32bits(v))
	}
	return os.WriteFile(to, result, 0o666)
}
