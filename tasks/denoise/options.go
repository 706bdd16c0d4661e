package denoise

import (
	"fmt"
	"strconv"
	"strings"
)

// Options are the options of the task.
type Options struct {
	Strength Strength `opt:"strength" help:"noise level: auto (measured in each picture), a number (standard deviation on the scale of 0 to 255), or auto times a factor: x0.7 takes 0.7 of the correction, x1.5 tells the network 1.5 times the level" values:"auto|0..75|xFACTOR"`
	Model    string   `opt:"model" help:"model to use: a shipped one by name, or a model file"`
}

// ScoreOptions are the options of scoring and training.
type ScoreOptions struct {
	Noise    Noises    `opt:"noise" help:"noise to score at, joined by commas: gaussian (white, of the levels of --sigma), camera (simulated sensor noise of a level drawn for each picture) or none" values:"gaussian|camera|none"`
	Sigma    Levels    `opt:"sigma" help:"levels of Gaussian noise, standard deviations on the scale of 0 to 255, joined by commas; camera noise has levels of its own"`
	JPEG     Qualities `opt:"jpeg" help:"JPEG qualities to compress at after the noise, joined by commas; 0: no JPEG" values:"0..100"`
	Strength Told      `opt:"strength" help:"what the network is told: true (the level of what was added), or as for denoise: auto (measured, blind), a number or xFACTOR" values:"true|auto|0..75|xFACTOR"`
	Seed     int       `opt:"seed" help:"seed of the noise" min:"0" max:"1000000000"`
}

// Levels is a list of noise levels.
type Levels []float64

// UnmarshalText reads numbers joined by commas.
func (l *Levels) UnmarshalText(text []byte) error {
	var list Levels
	for _, word := range strings.Split(string(text), ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(word), 64)
		if err != nil || !(v >= 0 && v <= 255) {
			return fmt.Errorf("%q is not a noise level from 0 to 255", word)
		}
		list = append(list, v)
	}
	*l = list
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (l Levels) MarshalText() ([]byte, error) {
	var words []string
	for _, v := range l {
		words = append(words, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return []byte(strings.Join(words, ",")), nil
}
