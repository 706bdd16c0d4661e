package denoise

import (
	"bytes"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
	"github.com/cae-restore/restore/tasks/internal/neural"
	"github.com/cae-restore/restore/tasks/taskstest"
)

func TestSuite(t *testing.T) {
	t.Parallel()
	taskstest.Run(t, taskstest.Suite{
		Spec:    Spec(),
		Options: []map[string]string{{"strength": "25"}, {"strength": "x0.5"}, {"strength": "0"}},
		Wrong: []map[string]string{
			{"strength": "-1"}, {"strength": "76"}, {"strength": "strong"}, {"strength": "NaN"}, {"strength": "x"},
			{"strength": "x0"}, {"strength": "x11"}, {"strength": ""},
		},
	})
}

func TestStrengthText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Strength{
		"auto": {Factor: 1}, "25": {Sigma: 25}, "0": {}, "12.5": {Sigma: 12.5}, "x0.8": {Factor: 0.8}, "75": {Sigma: 75},
	} {
		var s Strength
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q reads as %+v (%v), want %+v", text, s, err, want)
		}
		if again, err := s.MarshalText(); err != nil || string(again) != text {
			t.Errorf("%q is written as %q (%v)", text, again, err)
		}
	}
}

func TestLevelsText(t *testing.T) {
	t.Parallel()
	var l Levels
	if err := l.UnmarshalText([]byte("15, 25,50")); err != nil || len(l) != 3 || l[1] != 25 {
		t.Errorf("read %v (%v)", l, err)
	}
	if text, _ := l.MarshalText(); string(text) != "15,25,50" {
		t.Errorf("written as %s", text)
	}
	for _, bad := range []string{"", "a", "1,,2", "-1", "256", "NaN"} {
		if err := l.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// TestNotes: the report learns what was measured and what the network was told.
func TestNotes(t *testing.T) {
	t.Parallel()
	m := taskstest.Pictures()["odd"]
	for options, want := range map[string]string{"auto": "measured level model", "x0.5": "measured level share model", "x1.5": "measured level model", "25": "level model", "0": "level clean"} {
		task, err := taskstest.Open(t.Context(), Spec(), taskstest.Env(Spec(), 1), map[string]string{"strength": options})
		if err != nil {
			t.Fatal(err)
		}
		f, err := task.Apply(t.Context(), &tasks.Frame{Image: m, Notes: []tasks.Note{{Step: "earlier", Key: "k", Value: 1}}})
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		for _, n := range f.Notes[1:] {
			keys = append(keys, n.Key)
		}
		if got := strings.Join(keys, " "); got != want || f.Notes[0].Step != "earlier" {
			t.Errorf("strength %s leaves the notes %q, want %q after those from before", options, got, want)
		}
		if f.Changed != (options != "0") {
			t.Errorf("strength %s: changed is %v", options, f.Changed)
		}
	}
}

// restored is what the task makes of a picture.
func restored(t *testing.T, strength string, m *pix.Image) *tasks.Frame {
	t.Helper()
	task, err := taskstest.Open(t.Context(), Spec(), taskstest.Env(Spec(), 1), map[string]string{"strength": strength})
	if err != nil {
		t.Fatal(err)
	}
	f, err := task.Apply(t.Context(), &tasks.Frame{Image: m})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// noisy is a picture with noise of sigma 12, the same in all planes or not.
func noisy(same bool) *pix.Image {
	m := scenery(64, 64)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range m.Planes[0] {
		for p := range m.Planes {
			m.Planes[p][i] = uint16(min(max(float64(m.Planes[p][i])+12*257*rng.NormFloat64(), 0), 65535))
			if same {
				m.Planes[p][i] = m.Planes[0][i]
			}
		}
	}
	return m
}

// TestShare: a factor below 1 takes that share of the correction.
func TestShare(t *testing.T) {
	t.Parallel()
	m := noisy(false)
	whole := restored(t, "auto", m)
	for strength, share := range map[string]float64{"x0.25": 0.25, "x0.7": 0.7} {
		part := restored(t, strength, m)
		moved := 0
		for p := range m.Planes {
			for i, before := range m.Planes[p] {
				if v := whole.Image.Planes[p][i]; v == 0 || v == 65535 {
					continue // the correction went further
				}
				all := float64(whole.Image.Planes[p][i]) - float64(before)
				if got := float64(part.Image.Planes[p][i]) - float64(before); math.Abs(got-share*all) > 1 {
					t.Fatalf("%s: plane %d, sample %d is moved by %g of %g", strength, p, i, got, all)
				}
				if math.Abs(all) > 257 {
					moved++
				}
			}
		}
		if moved < len(m.Planes[0]) {
			t.Errorf("%s: auto changes only %d samples", strength, moved)
		}
	}
}

// TestNeutral: three planes that are the same stay the same, as in the prints of
// which scanners make colour files.
func TestNeutral(t *testing.T) {
	t.Parallel()
	f := restored(t, "auto", noisy(true))
	if !f.Changed {
		t.Fatal("nothing was done")
	}
	for p, plane := range f.Image.Planes[1:] {
		if !slices.Equal(plane, f.Image.Planes[0]) {
			t.Errorf("plane %d differs from the first", p+1)
		}
	}
	if f := restored(t, "auto", noisy(false)); slices.Equal(f.Image.Planes[0], f.Image.Planes[1]) {
		t.Error("a picture in colour has none any more")
	}
}

// TestTwoTones: what is black and white is no noise. A number is taken at its word.
func TestTwoTones(t *testing.T) {
	t.Parallel()
	m := noisy(true)
	for _, plane := range m.Planes {
		for i, v := range plane {
			plane[i] = 65535 * (v >> 15)
		}
	}
	for strength, changed := range map[string]bool{"auto": false, "x0.7": false, "20": true} {
		if f := restored(t, strength, m); f.Changed != changed {
			t.Errorf("strength %s: changed is %v", strength, f.Changed)
		}
	}
	m.Planes[1][77] = 1000 // a third colour
	if f := restored(t, "auto", m); !f.Changed {
		t.Error("a picture of three colours is left alone")
	}
}

// TestGreyPair: what is grey before the noise is grey after it.
func TestGreyPair(t *testing.T) {
	t.Parallel()
	grey := taskstest.Pictures()["grey"]
	e, err := pair(rand.New(rand.NewPCG(1, 1)), tasks.Sample{Image: grey})
	if err != nil {
		t.Fatal(err)
	}
	for i := range e.Input[0] {
		if e.Input[0][i] != e.Input[1][i] || e.Input[0][i] != e.Input[2][i] {
			t.Fatalf("sample %d is %g, %g, %g", i, e.Input[0][i], e.Input[1][i], e.Input[2][i])
		}
	}
}

// TestNoiseLevel: the noise that pairs get has the level that the map says, but
// for the shares of patches that are told a wrong one, or have none.
func TestNoiseLevel(t *testing.T) {
	t.Parallel()
	m := pix.New(32, 32, 3)
	for p := range m.Planes {
		for i := range m.Planes[p] {
			m.Planes[p][i] = 0x8000 // far from where noise is clipped
		}
	}
	const n = 2000
	count := map[string]float64{}
	for seed := range uint64(n) {
		e, err := pair(rand.New(rand.NewPCG(seed, 1)), tasks.Sample{Image: m})
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for p := range 3 {
			for i, v := range e.Input[p] {
				d := float64(v-e.Target[p][i]) * 255
				sum += d * d / float64(3*len(e.Input[p]))
			}
		}
		level, told := math.Sqrt(sum), float64(e.Input[3][0])*255
		if told < 0 || told > maxSigma+1e-3 {
			t.Fatalf("seed %d: the map says %g", seed, told)
		}
		switch {
		case math.Abs(level-told) <= 0.08*told+0.5:
			count["right"] += 1. / n
		case level < 0.5:
			count["none"] += 1. / n
		default:
			count["wrong"] += 1. / n
		}
		if level < weakSigma {
			count["weak"] += 1. / n
		}
	}
	for what, want := range map[string]float64{
		"right": 1 - missShare - idleShare + missShare*0.18,
		"none":  idleShare,
		"wrong": missShare * 0.82,
		"weak":  idleShare + (1-idleShare)*(weakShare+(1-weakShare)*weakSigma/trainSigma),
	} {
		if got := count[what]; math.Abs(got-want) > 0.03 {
			t.Errorf("a share of %.3f is %s, want about %.3f", got, what, want)
		}
	}
}

// photograph reads a picture of the test data of the module
// disintegration/imaging: a real photograph that every machine has.
func photograph(t *testing.T, name string) *pix.Image {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/disintegration/imaging").Output()
	if err != nil {
		t.Fatalf("the module imaging, whose test pictures this test restores, is not here: %v; run: go mod download", err)
	}
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return pix.FromImage(m)
}

// TestPhotographs is the quality gate: noise of standard deviation 25, neither
// clipped nor rounded, on real photographs, each judged by itself. branches.png
// is full of fine twigs, flowers.png mostly out of focus.
func TestPhotographs(t *testing.T) {
	t.Parallel()
	for name, gain := range map[string]float64{"branches.png": 7, "flowers.png": 14} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := photograph(t, name)
			clean := degrade.FromImage(m).InColour()
			env := taskstest.Env(Spec(), 2)
			model, err := open(env, "fast")
			if err != nil {
				t.Fatal(err)
			}
			in := addNoise(rand.New(rand.NewPCG(25, 25)), clean, m.W, m.H, 25)
			out := neural.NewPlanes(m.W, m.H, 3)
			if err := model.Stream(t.Context(), env, &neural.Planes{W: m.W, H: m.H, Data: in}, out); err != nil {
				t.Fatal(err)
			}
			for _, plane := range out.Data {
				for i, v := range plane {
					plane[i] = min(max(v, 0), 1)
				}
			}
			before, err1 := pix.PSNRPlanes(in[:3], clean, 1)
			after, err2 := pix.PSNRPlanes(out.Data, clean, 1)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			t.Logf("%dx%d: from %.2f to %.2f dB, %+.2f", m.W, m.H, before, after, after-before)
			if !(after-before >= gain) {
				t.Errorf("%+.2f dB, want at least %+.0f", after-before, gain)
			}
		})
	}
}

// TestBorders: the outermost rows and columns come out about as clean as the
// rest. Where the picture is level at its borders, mirroring continues it truly
// but for the noise, which it repeats. Where it slopes, mirroring also makes a
// crease, to which most of the error there is due: with the true continuation and
// fresh noise beyond the border the outermost samples are as good as the inner
// ones.
func TestBorders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shape func(at float64) float64 // from 0 to 1 over the picture
		limit float64                  // error of the outermost samples, in those of the inner ones
	}{
		"level at the borders":   {func(at float64) float64 { return 0.5 - 0.5*math.Cos(math.Pi*at) }, 2},
		"sloping at the borders": {func(at float64) float64 { return at }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			border, inner := borderError(t, c.shape)
			t.Logf("error of the outermost samples %.2f, of the inner ones %.2f, of 255", border, inner)
			if !(border < c.limit*inner) {
				t.Errorf("the outermost samples are off by %.2f, the inner ones by %.2f", border, inner)
			}
		})
	}
}

// borderError restores a smooth picture with noise of 20 and returns the root mean
// square error of its outermost samples and of those far from them, of 255.
func borderError(t *testing.T, shape func(at float64) float64) (border, inner float64) {
	t.Helper()
	const w, h, sigma = 200, 150, 20
	clean := make([][]float32, 3)
	for p := range clean {
		clean[p] = make([]float32, w*h)
		for i := range clean[p] {
			x, y := float64(i%w)/(w-1), float64(i/w)/(h-1)
			clean[p][i] = float32(0.3 + 0.4*shape(x) + 0.1*float64(p)*shape(y))
		}
	}
	env := taskstest.Env(Spec(), 2)
	model, err := open(env, "fast")
	if err != nil {
		t.Fatal(err)
	}
	in := addNoise(rand.New(rand.NewPCG(2, 0)), clean, w, h, sigma)
	out := neural.NewPlanes(w, h, 3)
	if err := model.Stream(t.Context(), env, &neural.Planes{W: w, H: h, Data: in}, out); err != nil {
		t.Fatal(err)
	}
	var borders, inners float64
	for p := range clean {
		for i, v := range out.Data[p] {
			d := float64(v-clean[p][i]) * 255
			switch x, y := i%w, i/w; {
			case x == 0 || y == 0 || x == w-1 || y == h-1:
				border += d * d
				borders++
			case x > 20 && y > 20 && x < w-20 && y < h-20:
				inner += d * d
				inners++
			}
		}
	}
	return math.Sqrt(border / borders), math.Sqrt(inner / inners)
}

// addNoise returns the network's inputs for a picture with Gaussian noise of
// standard deviation sigma (scale of 0 to 255), neither clipped nor rounded.
func addNoise(rng *rand.Rand, clean [][]float32, w, h int, sigma float64) [][]float32 {
	noisy := asPatch(clean, w, h).Clone()
	degrade.Gaussian{Sigma: sigma}.Apply(rng, noisy)
	return inputsOf(noisy, sigma/255)
}
