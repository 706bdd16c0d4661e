package inpaint

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Options are the options of the task.
type Options struct {
	Holes     Holes  `opt:"holes" help:"what to fill: mask (given by --mask or --masks, or found by an earlier step), alpha (what is transparent; it becomes opaque), or a colour as RRGGBB (red, green and blue, hexadecimal)" values:"mask|alpha|RRGGBB"`
	Tolerance int    `opt:"tolerance" help:"with a colour: how far each of red, green and blue may be from it, on the scale of 0 to 255" min:"0" max:"255"`
	Dilate    int    `opt:"dilate" help:"samples by which the holes grow in all directions before they are filled; for masks that fit too tightly" min:"0" max:"100"`
	Feather   int    `opt:"feather" help:"samples over which what is filled in fades into what was there, inside the holes; for masks wider than what is to go" min:"0" max:"100"`
	Texture   bool   `opt:"texture" help:"fill thick holes, that hold a square of 112 samples, with texture from what is round them; without, they come out smooth"`
	Model     string `opt:"model" help:"model to use: a shipped one by name, or a model file"`
}

// check finds options that do nothing, or harm.
func (o *Options) check() error {
	if o.Tolerance > 0 && !o.Holes.Keyed {
		return fmt.Errorf("option tolerance is for holes of a colour: it goes with holes=RRGGBB")
	}
	if o.Feather > 0 && (o.Holes.Keyed || o.Holes.Alpha) {
		return fmt.Errorf("option feather is for masks: with a colour or the opacity, it would bring back what is to go; dilate makes the holes larger")
	}
	return nil
}

// Holes says where the holes come from. The zero value is the plane "mask".
type Holes struct {
	Alpha  bool
	Keyed  bool // by Colour
	Colour [3]uint8
}

// UnmarshalText reads mask, alpha or a colour, with or without a # before it.
func (h *Holes) UnmarshalText(text []byte) error {
	switch word := string(text); word {
	case "mask":
		*h = Holes{}
	case "alpha":
		*h = Holes{Alpha: true}
	default:
		rgb, err := hex.DecodeString(strings.TrimPrefix(word, "#"))
		if err != nil || len(rgb) != 3 {
			return fmt.Errorf("%q is none of mask, alpha and a colour such as ff00ff", word)
		}
		*h = Holes{Keyed: true, Colour: [3]uint8(rgb)}
	}
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (h Holes) MarshalText() ([]byte, error) {
	switch {
	case h.Alpha:
		return []byte("alpha"), nil
	case h.Keyed:
		return []byte(hex.EncodeToString(h.Colour[:])), nil
	}
	return []byte("mask"), nil
}
