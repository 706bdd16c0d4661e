package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
)

// Checkpoint is a training as it was saved: all that is needed to go on as if it
// had not been interrupted.
type Checkpoint struct {
	Config Config
	Done   int64           // steps taken
	Net    *cae.Network    // with the weights as trained, not averaged
	Memo   json.RawMessage // what the caller saved along

	guard             guard
	moments, averages map[string][]float32
}

// ErrCheckpoint marks a file that is no checkpoint of this program.
var ErrCheckpoint = errors.New("no usable checkpoint")

// The tensors of a checkpoint are those of the network, each four times.
const (
	partWeight  = "weight/"
	partFirst   = "first_moment/"
	partSecond  = "second_moment/"
	partAverage = "average/"
)

// state is what a checkpoint's metadata holds as JSON under stateKey.
type state struct {
	Config Config          `json:"config"`
	Done   int64           `json:"done"`
	Guard  guard           `json:"guard"`
	Memo   json.RawMessage `json:"memo"`
}

const stateKey = "training"

// Save writes a checkpoint as safetensors in F32. memo is anything that JSON
// can hold.
func (t *Trainer) Save(w io.Writer, memo any) error {
	note, err := json.Marshal(memo)
	if err != nil {
		return err
	}
	text, err := json.Marshal(state{t.config, t.done, t.guard, note})
	if err != nil {
		return err
	}
	network, err := json.Marshal(t.net)
	if err != nil {
		return err
	}
	f := &modelfile.File{Metadata: modelfile.Metadata{FormatVersion: modelfile.Version, Network: network, Extra: map[string]string{stateKey: string(text)}}}
	for i, p := range t.params {
		f.Tensors = append(f.Tensors,
			modelfile.Tensor{Name: partWeight + p.Name, Shape: p.Shape, Data: p.Data},
			modelfile.Tensor{Name: partFirst + p.Name, Shape: p.Shape, Data: t.adam.m[i]},
			modelfile.Tensor{Name: partSecond + p.Name, Shape: p.Shape, Data: t.adam.v[i]},
			modelfile.Tensor{Name: partAverage + p.Name, Shape: p.Shape, Data: t.ema[i]})
	}
	return modelfile.Write(w, f, modelfile.F32)
}

// OpenCheckpoint reads a checkpoint.
func OpenCheckpoint(path string) (*Checkpoint, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	c, err := readCheckpoint(r, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrCheckpoint, path, err)
	}
	return c, nil
}

func readCheckpoint(r io.ReaderAt, size int64) (*Checkpoint, error) {
	f, err := modelfile.Read(r, size)
	if err != nil {
		return nil, err
	}
	if f.Metadata.Extra[stateKey] == "" {
		return nil, errors.New("it is a model, or another file, but no checkpoint of a training")
	}
	s := state{Config: Config{Guard: DefaultGuard}} // of checkpoints from before there was one
	if err := json.Unmarshal([]byte(f.Metadata.Extra[stateKey]), &s); err != nil {
		return nil, fmt.Errorf("it holds no training: %w", err)
	}
	if s.Done < 0 || s.Done > s.Config.Steps {
		return nil, fmt.Errorf("it claims %d of %d steps", s.Done, s.Config.Steps)
	}
	c := &Checkpoint{Config: s.Config, Done: s.Done, Memo: s.Memo, guard: s.Guard, moments: map[string][]float32{}, averages: map[string][]float32{}}
	if c.Net, err = cae.Parse(f.Metadata.Network); err != nil {
		return nil, err
	}
	have := map[string][]float32{}
	for _, t := range f.Tensors {
		have[t.Name] = t.Data
	}
	for _, p := range c.Net.Params() {
		for _, part := range []string{partWeight, partFirst, partSecond, partAverage} {
			if data, ok := have[part+p.Name]; !ok || len(data) != len(p.Data) {
				return nil, fmt.Errorf("it lacks %s%s of shape %v", part, p.Name, p.Shape)
			}
		}
		copy(p.Data, have[partWeight+p.Name])
		c.moments[partFirst+p.Name] = have[partFirst+p.Name]
		c.moments[partSecond+p.Name] = have[partSecond+p.Name]
		c.averages[p.Name] = have[partAverage+p.Name]
	}
	return c, nil
}

// Trainer goes on from the checkpoint, whose network it owns from then on.
func (c *Checkpoint) Trainer(x *cae.Exec) (*Trainer, error) {
	t, err := New(c.Net, x, c.Config)
	if err != nil {
		return nil, err
	}
	for i, p := range t.params {
		copy(t.adam.m[i], c.moments[partFirst+p.Name])
		copy(t.adam.v[i], c.moments[partSecond+p.Name])
		copy(t.ema[i], c.averages[p.Name])
	}
	t.done, t.guard = c.Done, c.guard
	return t, nil
}
