package denoise

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Strength says how strong the noise is taken to be: measured in each picture
// (the text "auto", which is Factor 1), or, where Factor is 0, Sigma, a standard
// deviation on the scale of 0 to 255. A Factor below 1 ("x0.7") takes that share of
// the correction: 0.3 of what would go stays, as grain that looks like that of the
// picture. Above 1, the measured level is multiplied by it.
type Strength struct{ Sigma, Factor float64 }

// maxSigma is the strongest noise that the models are trained for, and a little
// more.
const maxSigma = 75

// Auto is the strength measured in the picture.
var Auto = Strength{Factor: 1}

// UnmarshalText reads "auto", a number or "x" and a number.
func (s *Strength) UnmarshalText(text []byte) error {
	word := string(text)
	if word == "auto" {
		*s = Auto
		return nil
	}
	if f, ok := strings.CutPrefix(word, "x"); ok {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil || !(v > 0 && v <= 10) {
			return fmt.Errorf("%q is not a multiple of the measured level: write x and a number above 0 and up to 10, such as x0.8", word)
		}
		*s = Strength{Factor: v}
		return nil
	}
	v, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(v) || v < 0 || v > maxSigma {
		return fmt.Errorf("%q is neither auto, nor a number from 0 to %d, nor a multiple such as x0.8", word, maxSigma)
	}
	*s = Strength{Sigma: v}
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (s Strength) MarshalText() ([]byte, error) {
	switch s.Factor {
	case 0:
		return strconv.AppendFloat(nil, s.Sigma, 'g', -1, 64), nil
	case 1:
		return []byte("auto"), nil
	}
	return []byte("x" + strconv.FormatFloat(s.Factor, 'g', -1, 64)), nil
}

// leastLevel is the measured level under which a picture counts as clean and
// is left as it is: half a step of an 8-bit sample is noise of 0.29.
const leastLevel = 0.5

// decision is what a strength means for one picture; levels are on the scale of
// 0 to 255.
type decision struct {
	level    float64 // to tell the network
	measured float64 // where the strength asked for it
	share    float64 // of the correction, 0 to 1, to take
	clean    bool    // the picture is left as it is
}

// measures reports whether the strength depends on what is measured.
func (s Strength) measures() bool { return s.Factor > 0 }

// decide says what to do with a picture whose noise measure returns.
func (s Strength) decide(measure func() float64) decision {
	d := decision{level: s.Sigma, share: 1}
	if s.measures() {
		d.measured = measure()
		// The photographic networks have learnt to believe what they see more than
		// what they are told, so a lower level alone would change little.
		d.level, d.share = math.Min(d.measured*max(1, s.Factor), maxSigma), min(1, s.Factor)
	}
	d.clean = d.level < leastLevel
	return d
}
