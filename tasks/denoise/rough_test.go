package denoise

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks/internal/degrade"
	"github.com/cae-restore/restore/tasks/internal/neural"
	"github.com/cae-restore/restore/tasks/taskstest"
)

// TestRoughLevel: who gives --strength a number gives it roughly. Told half as
// much noise again as there is, and half too little, the shipped Gaussian
// weights still take most of it out; told that a clean grey ramp is noisy, they
// give it no colour.
func TestRoughLevel(t *testing.T) {
	t.Parallel()
	const sigma = 20
	m := photograph(t, "flowers.png")
	clean := degrade.FromImage(m).InColour()
	for _, name := range []string{"fast", "best"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := taskstest.Env(Spec(), 2)
			model, err := open(env, name)
			if err != nil {
				t.Fatal(err)
			}
			restored := func(clean [][]float32, w, h int, sigma, told float64) [][]float32 {
				in := addNoise(rand.New(rand.NewPCG(3, 3)), clean, w, h, sigma)
				fill(in[3], float32(told/255))
				out := neural.NewPlanes(w, h, 3)
				if err := model.Stream(t.Context(), env, &neural.Planes{W: w, H: h, Data: in}, out); err != nil {
					t.Fatal(err)
				}
				return out.Data
			}
			var psnr []float64
			for _, told := range []float64{sigma, 1.5 * sigma, 0.6 * sigma} {
				v, err := pix.PSNRPlanes(restored(clean, m.W, m.H, sigma, told), clean, 1)
				if err != nil {
					t.Fatal(err)
				}
				psnr = append(psnr, v)
			}
			t.Logf("told the truth %.2f dB, half as much again %.2f, too little %.2f", psnr[0], psnr[1], psnr[2])
			if least := psnr[0] - 5; psnr[1] < least || psnr[2] < least {
				t.Errorf("told the truth %.2f dB, half as much again %.2f, too little %.2f: want at least %.2f", psnr[0], psnr[1], psnr[2], least)
			}

			const w, h = 256, 96
			ramp := make([]float32, w*h)
			for i := range ramp {
				ramp[i] = float32(i%w) / (w - 1)
			}
			out := restored([][]float32{ramp, ramp, ramp}, w, h, 0, 25)
			worst := 0.
			for i := range ramp {
				for p := range 3 {
					worst = max(worst, 255*math.Abs(float64(out[p][i]-ramp[i])))
				}
			}
			t.Logf("a grey ramp is off by up to %.1f of 255", worst)
			if worst > 4 {
				t.Errorf("a grey ramp that is told to have noise of 25 is off by %.1f of 255", worst)
			}
		})
	}
}
