package denoise

import (
	"iter"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// small are the pictures to score on: in colour, grey and flat.
func small() iter.Seq2[tasks.Sample, error] {
	grey := pix.New(52, 40, 1)
	copy(grey.Planes[0], scenery(52, 40).Planes[1])
	flat := pix.New(40, 40, 3)
	for _, plane := range flat.Planes {
		for i := range plane {
			plane[i] = 128 * 257
		}
	}
	return func(yield func(tasks.Sample, error) bool) {
		for _, s := range []tasks.Sample{{Name: "colour", Image: scenery(64, 48)}, {Name: "grey", Image: grey}, {Name: "flat", Image: flat}} {
			if !yield(s, nil) {
				return
			}
		}
	}
}

// scoreTable scores the model of that name with options as a user gives them.
func scoreTable(t *testing.T, spec *tasks.Spec, name string, options map[string]string) tasks.Table {
	t.Helper()
	m, err := spec.Model(name)
	if err != nil {
		t.Fatal(err)
	}
	o := m.ScoreOptions()
	for name, value := range options {
		if err := tasks.SetOption(o, name, value); err != nil {
			t.Fatal(err)
		}
	}
	table, err := m.Score(t.Context(), taskstest.Env(spec, 2), name, small(), o)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestScore: a table for each kind of noise and strength, whose rows and columns
// are those asked for.
func TestScore(t *testing.T) {
	t.Parallel()
	const sigma, noise = "sigma input_psnr psnr ssim pictures", "noise input_psnr psnr worst_psnr ssim pictures"
	for name, c := range map[string]struct {
		options       map[string]string
		columns, rows string
		protocol      string
	}{
		"default":               {nil, sigma, "15 25 50", "true level"},
		"gaussian":              {map[string]string{"sigma": "20"}, sigma, "20", "neither clipped nor rounded"},
		"gaussian, auto":        {map[string]string{"sigma": "20", "strength": "auto"}, sigma + " level_error", "20", "Blind"},
		"gaussian, factor":      {map[string]string{"sigma": "20", "strength": "x0.8"}, sigma + " level_error", "20", "strength x0.8"},
		"gaussian, number":      {map[string]string{"sigma": "20", "strength": "12"}, sigma, "20", "told the level 12"},
		"gaussian jpeg":         {map[string]string{"sigma": "15,25", "jpeg": "70"}, noise, "gaussian 15 jpeg 70,gaussian 25 jpeg 70", "4:2:0"},
		"camera":                {map[string]string{"noise": "camera"}, noise, "camera", "sensor noise"},
		"camera, auto":          {map[string]string{"noise": "camera", "strength": "auto"}, noise + " level_error", "camera", "Blind"},
		"none":                  {map[string]string{"noise": "none"}, noise, "none", "counts as 60"},
		"none jpeg":             {map[string]string{"noise": "none", "jpeg": "30"}, noise, "none jpeg 30", "JPEG"},
		"several of everything": {map[string]string{"noise": "none,camera,gaussian", "sigma": "5,10", "jpeg": "0,40"}, noise, "none,none jpeg 40,camera,camera jpeg 40,gaussian 5,gaussian 5 jpeg 40,gaussian 10,gaussian 10 jpeg 40", "standard deviation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := Spec()
			table := scoreTable(t, spec, "fast", c.options)
			if got := strings.Join(table.Columns, " "); got != c.columns {
				t.Errorf("the columns are %q, want %q", got, c.columns)
			}
			if !strings.Contains(table.Protocol, c.protocol) || !strings.Contains(table.Protocol, "Weights: fast") {
				t.Errorf("the protocol lacks %q or the weights: %s", c.protocol, table.Protocol)
			}
			var rows []string
			mean, counted := 0., 0
			for _, row := range table.Rows {
				if len(row) != len(table.Columns) {
					t.Fatalf("a row of %d for %d columns", len(row), len(table.Columns))
				}
				cells := map[string]float64{}
				for i, v := range row[1:] {
					switch v := v.(type) {
					case float64:
						cells[table.Columns[i+1]] = v
					case int:
						cells[table.Columns[i+1]] = float64(v)
					}
				}
				first := text(row[0])
				rows = append(rows, first)
				if cells["pictures"] != 3 || !(cells["psnr"] > 5 && cells["psnr"] <= mostPSNR) || !(cells["ssim"] > 0 && cells["ssim"] <= 1) {
					t.Errorf("row %s: %v", first, cells)
				}
				if worst, ok := cells["worst_psnr"]; ok && worst > cells["psnr"]+0.01 {
					t.Errorf("row %s: the worst is better than the mean: %v", first, cells)
				}
				if first == "none" && cells["input_psnr"] != mostPSNR {
					t.Errorf("clean pictures have %g dB", cells["input_psnr"])
				}
				if first != "none" || len(table.Rows) == 1 {
					mean += cells["psnr"]
					counted++
				}
			}
			separator := ","
			if strings.HasPrefix(c.columns, "sigma") {
				separator = " "
			}
			if got := strings.Join(rows, separator); got != c.rows {
				t.Errorf("the rows are %q, want %q", got, c.rows)
			}
			if math.Abs(table.Score-mean/float64(counted)) > 0.011 {
				t.Errorf("the score is %.3f, the mean of the rows %.3f", table.Score, mean/float64(counted))
			}
			if name != "several of everything" {
				return
			}
			if again := scoreTable(t, spec, "fast", c.options); !reflect.DeepEqual(again, table) {
				t.Errorf("a second run gives %v, the first gave %v", again, table)
			}
		})
	}
}

func text(v any) string {
	if f, ok := v.(float64); ok {
		b, _ := Levels{f}.MarshalText()
		return string(b)
	}
	return v.(string)
}

// TestScoreGain: where there is noise, the network takes some of it away; what
// auto finds clean stays as it was.
func TestScoreGain(t *testing.T) {
	t.Parallel()
	table := scoreTable(t, Spec(), "fast", map[string]string{"noise": "gaussian", "sigma": "25", "jpeg": "0,90"})
	for _, row := range table.Rows {
		if in, out := row[1].(float64), row[2].(float64); out < in+3 {
			t.Errorf("%v: from %g to %g dB", row[0], in, out)
		}
	}
	spec := Spec()
	o := defaultScore(Noises{NoNoise}, Qualities{0})
	o.Strength = Told{Strength: Strength{Sigma: 0.4}}
	m, err := spec.Model("fast")
	if err != nil {
		t.Fatal(err)
	}
	table, err = m.Score(t.Context(), taskstest.Env(spec, 1), "fast", small(), o)
	if err != nil || table.Rows[0][2] != float64(mostPSNR) {
		t.Errorf("strength 0.4 on clean pictures: %v (%v), want %d dB", table.Rows, err, mostPSNR)
	}
}

// TestScoreTells: more noise is told than there is, and the result changes.
func TestScoreTells(t *testing.T) {
	t.Parallel()
	psnr := map[string]float64{}
	for _, strength := range []string{"true", "60", "5"} {
		psnr[strength] = scoreTable(t, Spec(), "fast", map[string]string{"sigma": "20", "strength": strength}).Rows[0][2].(float64)
	}
	if psnr["true"] < psnr["60"]+1 || psnr["true"] < psnr["5"]+1 {
		t.Errorf("told the truth or something else: %v", psnr)
	}
}

// TestWeightsFor: a measured strength takes the photographic weights once they
// are shipped, a number and an exact name never do.
func TestWeightsFor(t *testing.T) {
	t.Parallel()
	without, with := models(), models()
	for i := range with {
		if with[i].Name == "fast-photo" {
			with[i].Weights = []byte("w")
		}
		if without[i].Name == "fast-photo" {
			without[i].Weights = nil
		}
	}
	for _, c := range []struct {
		models   []tasks.Model
		name     string
		measured bool
		want     string
	}{
		{without, "fast", true, "fast"},
		{with, "fast", true, "fast-photo"},
		{with, "denoise:fast", true, "fast-photo"},
		{with, "denoise", true, "fast-photo"},
		{with, "fast", false, "fast"},
		{with, "fast-photo", false, "fast-photo"},
		{with, "fast-photo", true, "fast-photo"},
		{with, "best", true, "best-photo"},
		{with, "best", false, "best"},
		{with, "./fast", true, "./fast"},
		{with, "my.safetensors", true, "my.safetensors"},
	} {
		if got := weightsFor(c.models, c.name, c.measured); got != c.want {
			t.Errorf("%s, measured %v: %s, want %s", c.name, c.measured, got, c.want)
		}
	}
}

// TestModelNote: the report and the table name the weights that were used.
func TestModelNote(t *testing.T) {
	t.Parallel()
	spec := Spec()
	for i := range spec.Models {
		if spec.Models[i].Name == "fast-photo" {
			spec.Models[i].Weights = fastWeights
		}
	}
	for options, want := range map[string]string{"auto": "fast-photo", "x2": "fast-photo", "20": "fast"} {
		task, err := taskstest.Open(t.Context(), spec, taskstest.Env(spec, 1), map[string]string{"strength": options})
		if err != nil {
			t.Fatal(err)
		}
		f, err := task.Apply(t.Context(), &tasks.Frame{Image: taskstest.Pictures()["odd"]})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, n := range f.Notes {
			if n.Key == "model" {
				got = n.Value.(string)
			}
		}
		if got != want {
			t.Errorf("strength %s: the note says %q, want %q", options, got, want)
		}
		table := scoreTable(t, spec, "fast", map[string]string{"noise": "none", "jpeg": "60", "strength": options})
		if !strings.HasSuffix(table.Protocol, "Weights: "+want+".") {
			t.Errorf("strength %s: the table says %q", options, table.Protocol)
		}
	}
}

// TestProtocol explains what is in the table and nothing else, and names the
// weights in one form, whichever way they were asked for.
func TestProtocol(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		noises  Noises
		jpeg    Qualities
		explain string
	}{
		{Noises{Camera}, Qualities{0}, "Camera"},
		{Noises{Gaussian}, Qualities{70}, "Gaussian JPEG"},
		{Noises{NoNoise}, Qualities{30}, "JPEG"},
		{Noises{NoNoise}, Qualities{0}, "counts"},
		{Noises{NoNoise, Camera, Gaussian}, Qualities{0, 30}, "Camera Gaussian JPEG counts"},
	} {
		text := defaultScore(c.noises, c.jpeg).photoProtocol()
		var got []string
		for _, part := range [][2]string{{"Camera", "Camera noise:"}, {"Gaussian", "Gaussian noise:"}, {"JPEG", "JPEG of the quality"}, {"counts", "counts as 60"}} {
			if strings.Contains(text, part[1]) {
				got = append(got, part[0])
			}
		}
		if strings.Join(got, " ") != c.explain || !strings.Contains(text, "PSNR and SSIM over") {
			t.Errorf("%v, JPEG %v: it explains %v, want %s: %s", c.noises, c.jpeg, got, c.explain, text)
		}
	}
	for name, want := range map[string]string{"denoise": "fast", "denoise:fast": "fast", "fast": "fast", "fast-photo": "fast-photo",
		"denoise:fast-photo": "fast-photo", "./denoise": "./denoise", "denoise:my.safetensors": "denoise:my.safetensors"} {
		if got := shortName(models(), name); got != want {
			t.Errorf("%s is named %s, want %s", name, got, want)
		}
	}
}

func TestScoreOptionsText(t *testing.T) {
	t.Parallel()
	for option, values := range map[string]map[string]string{
		"noise":    {"camera": "camera", " none, gaussian": "none,gaussian"},
		"jpeg":     {"0": "0", "30, 100": "30,100"},
		"strength": {"true": "true", "auto": "auto", "x0.5": "x0.5", "12.5": "12.5"},
	} {
		for value, want := range values {
			o := defaultScore(Noises{Gaussian}, Qualities{0})
			if err := tasks.SetOption(o, option, value); err != nil {
				t.Errorf("%s=%s: %v", option, value, err)
			}
			for _, got := range tasks.Options(o) {
				if got.Name == option && got.Default != want {
					t.Errorf("%s=%s is written as %s", option, value, got.Default)
				}
			}
		}
	}
	for option, values := range map[string][]string{
		"noise": {"", "white", "camera,"}, "jpeg": {"", "-1", "101", "5.5", "a"}, "strength": {"", "false", "76", "x0"},
	} {
		for _, value := range values {
			if err := tasks.SetOption(defaultScore(nil, nil), option, value); err == nil {
				t.Errorf("%s=%q is taken", option, value)
			}
		}
	}
}
