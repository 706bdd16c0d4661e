package denoise

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Strength says how strong the noise is taken to be: measured in each picture
// and multiplied by Factor (the text "auto" or "x0.8"), or, where Factor is 0,
// Sigma, a standard deviation on the scale of 0 to 255.
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
