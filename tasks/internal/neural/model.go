// Package neural is the bridge between pictures and networks: it opens models,
// turns planes of samples into tensors and streams pictures of any size through
// a network. Only here do pix and cae meet.
package neural

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/cae-restore/restore/cae"
	"github.com/cae-restore/restore/cae/modelfile"
	"github.com/cae-restore/restore/tasks"
)

// Model is an open model. Any number of pictures may go through it at once.
type Model struct {
	Name string
	Net  *cae.Network
	Meta modelfile.Metadata

	compile sync.Once
	plan    *cae.Plan
	failed  error
	execs   execs
	tilings tilings
}

// compiled is the network made ready to run, with the weights that it has when
// it is asked for first.
func (m *Model) compiled(ctx context.Context, env tasks.Env) (*cae.Plan, error) {
	m.compile.Do(func() {
		x := m.execs.take(ctx, env)
		defer m.execs.put(x)
		m.plan, m.failed = m.Net.CompileOn(x)
	})
	return m.plan, m.failed
}

// execs keeps the memory of runs that are over for the next ones: many small
// pictures would otherwise spend much of their time on getting memory. What lies
// idle for two collections is given back, so it is there when memory is short.
type execs struct{ free sync.Pool }

// keepBytes is the most memory that an idle Exec is kept with.
const keepBytes = 64 << 20

func (e *execs) take(ctx context.Context, env tasks.Env) *cae.Exec {
	if x, ok := e.free.Get().(*cae.Exec); ok {
		x.Reset(ctx, cae.Runner(env.Run), env.Workers)
		return x
	}
	return cae.NewExec(ctx, cae.Runner(env.Run), env.Workers)
}

func (e *execs) put(x *cae.Exec) {
	if x.Bytes() > keepBytes {
		return
	}
	e.free.Put(x)
}

// Open opens a model for a task that feeds it inputs of the given numbers of
// planes and takes out planes from it. Errors wrap tasks.ErrModel.
func Open(env tasks.Env, name, task string, inputs []int, out int) (*Model, error) {
	r, size, err := env.OpenModel(name)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", tasks.ErrModel, name, err)
	}
	net, file, err := cae.Load(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", tasks.ErrModel, name, err)
	}
	if t := file.Metadata.Task; t != "" && t != task {
		return nil, fmt.Errorf("%w %q: it is for the task %s, not %s", tasks.ErrModel, name, t, task)
	}
	fits := len(net.Inputs()) == len(inputs)
	for i := 0; fits && i < len(inputs); i++ {
		fits = net.Inputs()[i].Planes == inputs[i]
	}
	m := net.Footprint().Multiple
	shape, err := net.OutShape(1, m, m)
	if err != nil || !fits || shape.C != out {
		return nil, fmt.Errorf("%w %q: the task %s feeds %v planes and takes %d, the network has %v and %d", tasks.ErrModel, name, task, inputs, out, net.Inputs(), shape.C)
	}
	return &Model{Name: name, Net: net, Meta: file.Metadata}, nil
}

// Config and Input describe an autoencoder; see the package cae.
type (
	Config = cae.Config
	Input  = cae.Input
)

// Kinds of skips and heads, see the package cae.
const (
	SkipAdd      = cae.SkipAdd
	SkipConcat   = cae.SkipConcat
	HeadResidual = cae.HeadResidual
	HeadDirect   = cae.HeadDirect
)

// Autoencoder returns the JSON of the network that c describes. It panics where
// c makes none, which is a mistake of the program.
func Autoencoder(c Config) []byte {
	text, err := c.Graph()
	if err != nil {
		panic(err)
	}
	return text
}

// RandomFile is a model file of the network with the given JSON and random
// weights, for tests of a task whose weights are not shipped yet. It panics where
// that is no network.
func RandomFile(network []byte, task string, seed uint64) []byte {
	m := Untrained(network)
	m.Net.Init(seed)
	var file bytes.Buffer
	if err := cae.Save(&file, m.Net, modelfile.Metadata{Task: task}, modelfile.F32); err != nil {
		panic(err)
	}
	return file.Bytes()
}
