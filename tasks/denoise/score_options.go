package denoise

import (
	"fmt"
	"strconv"
	"strings"
)

// Noise is a kind of noise to score at.
type Noise string

// The kinds of noise.
const (
	Gaussian Noise = "gaussian" // white, neither clipped nor rounded
	Camera   Noise = "camera"   // of a simulated sensor, clipped and rounded to 8 bits
	NoNoise  Noise = "none"
)

// defaultScore returns the options by which a model is scored unless told
// otherwise.
func defaultScore(noises Noises, jpeg Qualities) *ScoreOptions {
	return &ScoreOptions{Noise: noises, Sigma: Levels{15, 25, 50}, JPEG: jpeg, Strength: Told{True: true}}
}

// Noises is a list of kinds of noise.
type Noises []Noise

// UnmarshalText reads kinds joined by commas.
func (n *Noises) UnmarshalText(text []byte) error {
	var list Noises
	for _, word := range strings.Split(string(text), ",") {
		switch kind := Noise(strings.TrimSpace(word)); kind {
		case Gaussian, Camera, NoNoise:
			list = append(list, kind)
		default:
			return fmt.Errorf("%q is none of %s, %s, %s", word, Gaussian, Camera, NoNoise)
		}
	}
	*n = list
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (n Noises) MarshalText() ([]byte, error) {
	var words []string
	for _, kind := range n {
		words = append(words, string(kind))
	}
	return []byte(strings.Join(words, ",")), nil
}

// Qualities is a list of JPEG qualities, where 0 means no JPEG.
type Qualities []int

// UnmarshalText reads whole numbers from 0 to 100 joined by commas.
func (q *Qualities) UnmarshalText(text []byte) error {
	var list Qualities
	for _, word := range strings.Split(string(text), ",") {
		v, err := strconv.Atoi(strings.TrimSpace(word))
		if err != nil || v < 0 || v > 100 {
			return fmt.Errorf("%q is not a JPEG quality from 1 to 100, or 0 for no JPEG", word)
		}
		list = append(list, v)
	}
	*q = list
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (q Qualities) MarshalText() ([]byte, error) {
	var words []string
	for _, v := range q {
		words = append(words, strconv.Itoa(v))
	}
	return []byte(strings.Join(words, ",")), nil
}

// Told is what the network is told in scoring: the truth, or what the task would
// tell it for a strength.
type Told struct {
	True     bool
	Strength Strength // where not True
}

// UnmarshalText reads "true" or a strength.
func (t *Told) UnmarshalText(text []byte) error {
	if string(text) == "true" {
		*t = Told{True: true}
		return nil
	}
	var s Strength
	if err := s.UnmarshalText(text); err != nil {
		return fmt.Errorf("neither true nor a strength: %w", err)
	}
	*t = Told{Strength: s}
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (t Told) MarshalText() ([]byte, error) {
	if t.True {
		return []byte("true"), nil
	}
	return t.Strength.MarshalText()
}
