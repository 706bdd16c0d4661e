package denoise

import (
	"iter"
	"math"
	"reflect"
	"testing"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// only are those of the small pictures that keep says.
func only(keep func(name string) bool) iter.Seq2[tasks.Sample, error] {
	return func(yield func(tasks.Sample, error) bool) {
		for s := range small() {
			if keep(s.Name) && !yield(s, nil) {
				return
			}
		}
	}
}

// scoreOf scores fast in an environment.
func scoreOf(t *testing.T, env tasks.Env, o *ScoreOptions, samples iter.Seq2[tasks.Sample, error]) tasks.Table {
	t.Helper()
	table, err := score(t.Context(), env, models(), "fast", samples, o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestScoreSame: neither workers nor memory change a bit of the score.
func TestScoreSame(t *testing.T) {
	t.Parallel()
	o := defaultScore(Noises{Gaussian, Camera}, Qualities{0, 60})
	o.Sigma, o.Strength = Levels{10, 25}, Told{Strength: Auto}
	want := scoreOf(t, taskstest.Env(Spec(), 1), o, small())
	for name, c := range map[string]struct {
		workers int
		memory  int64
	}{"two workers": {2, 0}, "five workers": {5, 0}, "no memory": {2, 1}} {
		env := taskstest.Env(Spec(), c.workers)
		env.Memory = c.memory
		if got := scoreOf(t, env, o, small()); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestScoreWithout: a picture scores the same whichever others there are.
func TestScoreWithout(t *testing.T) {
	t.Parallel()
	env := taskstest.Env(Spec(), 2)
	for _, noise := range []Noise{Gaussian, Camera} {
		o := defaultScore(Noises{noise}, Qualities{0})
		o.Sigma = Levels{25}
		all := scoreOf(t, env, o, small()).Score
		first := scoreOf(t, env, o, only(func(name string) bool { return name == "colour" })).Score
		rest := scoreOf(t, env, o, only(func(name string) bool { return name != "colour" })).Score
		if want := (first + 2*rest) / 3; math.Abs(all-want) > 1e-9 {
			t.Errorf("%s: %.6f dB, but %.6f from the pictures one by one", noise, all, want)
		}
	}
}

// TestAbreast: large pictures have fewer of their trials at work at a time.
func TestAbreast(t *testing.T) {
	t.Parallel()
	env := taskstest.Env(Spec(), 4)
	m, err := open(env, "fast")
	if err != nil {
		t.Fatal(err)
	}
	last := 6
	for _, side := range []int{64, 1000, 2000, 4000, 20000} {
		b := &bench{env: env, model: m, trials: make([]trial, 6)}
		n := b.abreast(side, side)
		if n > last || n < 1 {
			t.Errorf("%d trials of a picture of side %d, %d of smaller ones", n, side, last)
		}
		last = n
		b.env.Memory = 1
		if n := b.abreast(side, side); n != 1 {
			t.Errorf("without memory %d trials of a picture of side %d", n, side)
		}
	}
	if last != 1 {
		t.Errorf("%d trials of a huge picture at once", last)
	}
}
