package denoise

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"go/format"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
)

// TestFitLevel fits levelTable on photos/train and writes level_table.go. It
// runs on demand only:
//
//	RESTORE_DATA=$DATA RESTORE_FIT=8 go test -timeout 3h -run TestFitLevel$ -v ./tasks/denoise
//
// RESTORE_FIT is how many damaged versions of each photograph are described.
// One photograph in eight is held back, to show when the fit learns by heart.
func TestFitLevel(t *testing.T) {
	data, versions := os.Getenv("RESTORE_DATA"), 0
	if v, err := strconv.Atoi(os.Getenv("RESTORE_FIT")); err == nil {
		versions = v
	}
	if data == "" || versions < 1 {
		t.Skip("set RESTORE_DATA and RESTORE_FIT=8 to fit the table anew")
	}
	files, err := filepath.Glob(filepath.Join(data, "photos", "train", "*.jpg"))
	if err != nil || len(files) == 0 {
		t.Fatalf("RESTORE_DATA=%s holds no photos/train/*.jpg", data)
	}
	examples := describeAll(t, files, versions)
	var fit, held []levelExample
	for _, e := range examples {
		if e.File%8 == 7 {
			held = append(held, e)
		} else {
			fit = append(fit, e)
		}
	}
	n := fitLevelNet(fit, fitEpochs, func(epoch int, n *levelNet) {
		if epoch%50 == 49 {
			t.Logf("epoch %d: loss %.4f, on held back pictures %.4f", epoch+1, meanLoss(n, fit), meanLoss(n, held))
		}
	})
	if err := os.WriteFile("level_table.go", writeTable(n), 0o644); err != nil {
		t.Fatal(err)
	}
}

// levelExample is a described picture and what is to be said of it.
type levelExample struct {
	X     [features]float64
	Level float64
	White float64 // 1 for white noise, 0 for others, -1 where it does not matter
	File  int
}

// describeAll damages every picture a few times and describes the results. They
// are kept in the file that RESTORE_FIT_CACHE names, if it does.
func describeAll(t *testing.T, files []string, versions int) []levelExample {
	cache := os.Getenv("RESTORE_FIT_CACHE")
	if b, err := os.ReadFile(cache); cache != "" && err == nil {
		var list []levelExample
		if err := gob.NewDecoder(bytes.NewReader(b)).Decode(&list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := make([][]levelExample, len(files))
	var wg sync.WaitGroup
	for worker := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for f := worker; f < len(files); f += runtime.GOMAXPROCS(0) {
				photo, err := openPatch(files[f])
				if err != nil {
					t.Error(err)
					return
				}
				for v := range versions {
					rng := rand.New(rand.NewPCG(uint64(f), uint64(v)))
					c := randomCase(rng, photo)
					if x, ok := describePlanes(c.Planes, c.W, c.H); ok {
						white := 0.0
						if c.white {
							white = 1
							if c.level < 1.5 {
								white = -1
							}
						}
						list[f] = append(list[f], levelExample{x, c.level, white, f})
					}
				}
			}
		})
	}
	wg.Wait()
	var all []levelExample
	for _, l := range list {
		all = append(all, l...)
	}
	if cache != "" {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(all); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(cache, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// describePlanes is what level does before it asks the network.
func describePlanes(planes [][]float32, w, h int) ([features]float64, bool) {
	m := measurePatches(planes, w, h, 255)
	if m == nil {
		return [features]float64{}, false
	}
	return describe(m, traceJPEG(planes, w, h, 255)), true
}

// How the fit goes: Adam (Kingma and Ba, ICLR 2015) on batches, with a rate that
// falls to nothing along a half cosine.
const (
	fitEpochs = 400
	fitBatch  = 64
	fitRate   = 3e-3
	fitDecay  = 0.03 // of the weights, decoupled from the gradient
	fitNoise  = 0.1  // added to the inputs, so that nothing is learned by heart
)

func parameters(n *levelNet) []*float64 {
	var list []*float64
	for j := range n.Hidden {
		for i := range n.Hidden[j] {
			list = append(list, &n.Hidden[j][i])
		}
		list = append(list, &n.HiddenBias[j])
	}
	for o := range n.Out {
		for i := range n.Out[o] {
			list = append(list, &n.Out[o][i])
		}
		list = append(list, &n.OutBias[o])
	}
	return list
}

func fitLevelNet(examples []levelExample, epochs int, report func(epoch int, n *levelNet)) *levelNet {
	n := &levelNet{}
	count := float64(len(examples))
	for i := range features {
		sum, square := 0.0, 0.0
		for _, e := range examples {
			sum += e.X[i]
			square += e.X[i] * e.X[i]
		}
		n.Mean[i] = sum / count
		n.Scale[i] = 1 / math.Sqrt(max(1e-4, square/count-n.Mean[i]*n.Mean[i]))
	}
	rng := rand.New(rand.NewPCG(1, 1))
	p := parameters(n)
	for _, v := range p {
		*v = rng.NormFloat64() / math.Sqrt(float64(features))
	}
	inputs := make([][features]float64, len(examples))
	for k, e := range examples {
		inputs[k] = n.standard(e.X)
	}
	g := &levelNet{}
	gp := parameters(g)
	first, second := make([]float64, len(p)), make([]float64, len(p))
	step, steps := 0, epochs*(len(examples)/fitBatch)
	for epoch := range epochs {
		order := rng.Perm(len(examples))
		for b := 0; b+fitBatch <= len(order); b += fitBatch {
			for _, v := range gp {
				*v = 0
			}
			for _, k := range order[b : b+fitBatch] {
				z := inputs[k]
				for i := range z {
					z[i] += fitNoise * rng.NormFloat64()
				}
				gradient(n, g, &z, &examples[k])
			}
			step++
			rate := fitRate * 0.5 * (1 + math.Cos(math.Pi*float64(step)/float64(steps)))
			for i, v := range gp {
				d := *v / fitBatch
				first[i] += 0.1 * (d - first[i])
				second[i] += 0.001 * (d*d - second[i])
				m, s := first[i]/(1-math.Pow(0.9, float64(step))), second[i]/(1-math.Pow(0.999, float64(step)))
				*p[i] -= rate * (m/(math.Sqrt(s)+1e-8) + fitDecay**p[i])
			}
		}
		report(epoch, n)
	}
	return n
}

// The loss of an example: Huber's of the logarithmic level, and the cross
// entropy of whether it is white noise.
const (
	huber      = 0.15
	cleanShare = 2.0 // weight of clean pictures
	whiteShare = 0.3 // weight of the cross entropy
)

func lossOf(out [2]float64, e *levelExample) (loss float64, d [2]float64) {
	weight := 1.0
	if e.Level == 0 {
		weight = cleanShare
	}
	r := out[0] - toTarget(e.Level)
	loss, d[0] = weight*(math.Abs(r)-huber/2), weight*math.Copysign(1, r)
	if math.Abs(r) < huber {
		loss, d[0] = weight*r*r/(2*huber), weight*r/huber
	}
	if e.White >= 0 {
		sure := 1 / (1 + math.Exp(-out[1]))
		loss -= whiteShare * (e.White*math.Log(sure+1e-12) + (1-e.White)*math.Log(1-sure+1e-12))
		d[1] = whiteShare * (sure - e.White)
	}
	return loss, d
}

func meanLoss(n *levelNet, examples []levelExample) float64 {
	sum := 0.0
	for i := range examples {
		z := n.standard(examples[i].X)
		out, _ := n.forward(&z)
		loss, _ := lossOf(out, &examples[i])
		sum += loss
	}
	return sum / float64(len(examples))
}

// gradient adds that of the loss of one example to g.
func gradient(n, g *levelNet, z *[features]float64, e *levelExample) {
	out, hidden := n.forward(z)
	_, d := lossOf(out, e)
	for o := range d {
		g.OutBias[o] += d[o]
		for i, v := range z {
			g.Out[o][levelHidden+i] += d[o] * v
		}
	}
	for j, v := range hidden {
		back := 0.0
		for o := range d {
			g.Out[o][j] += d[o] * v
			back += d[o] * n.Out[o][j]
		}
		back *= 1 - v*v
		g.HiddenBias[j] += back
		for i, x := range z {
			g.Hidden[j][i] += back * x
		}
	}
}

// writeTable is the Go source of a network.
func writeTable(n *levelNet) []byte {
	var b bytes.Buffer
	row := func(v []float64) {
		fmt.Fprint(&b, "{")
		for i, x := range v {
			if i%13 == 0 {
				fmt.Fprintln(&b)
			}
			fmt.Fprintf(&b, "%s, ", strconv.FormatFloat(x, 'g', 5, 64))
		}
		fmt.Fprint(&b, "\n}")
	}
	fmt.Fprint(&b, "// Code generated by RESTORE_DATA=$DATA RESTORE_FIT=8 go test -timeout 3h -run TestFitLevel$ ./tasks/denoise; DO NOT EDIT.\n\n")
	fmt.Fprint(&b, "package denoise\n\n// levelTable is levelNet fitted on photos/train.\nvar levelTable = levelNet{\nMean: [features]float64")
	row(n.Mean[:])
	fmt.Fprint(&b, ",\nScale: [features]float64")
	row(n.Scale[:])
	fmt.Fprint(&b, ",\nHidden: [levelHidden][features]float64{\n")
	for _, r := range n.Hidden {
		row(r[:])
		fmt.Fprintln(&b, ",")
	}
	fmt.Fprint(&b, "},\nHiddenBias: [levelHidden]float64")
	row(n.HiddenBias[:])
	fmt.Fprint(&b, ",\nOut: [2][levelHidden + features]float64{\n")
	for _, r := range n.Out {
		row(r[:])
		fmt.Fprintln(&b, ",")
	}
	fmt.Fprint(&b, "},\nOutBias: [2]float64")
	row(n.OutBias[:])
	fmt.Fprint(&b, ",\n}\n")
	src, err := format.Source(b.Bytes())
	if err != nil {
		panic(err)
	}
	return src
}
