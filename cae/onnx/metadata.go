package onnx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/cae-restore/restore/cae"
)

// property is an entry of the model's metadata_props.
type property struct{ key, value string }

// zeros is what every convolution of package cae sees beyond the border.
const zeros = "zeros inside the network; pictures are continued by reflection before it"

// properties returns what a program that runs the model must know. The keys are
// those of our model files, but for size_multiple, which is short here.
func properties(n *cae.Network, o Options) ([]property, error) {
	m := o.Metadata
	var list []property
	set := func(key, value string) {
		if value != "" {
			list = append(list, property{key, value})
		}
	}
	var failed error
	asJSON := func(key string, value any, empty string) {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(value); err != nil {
			failed = fmt.Errorf("%w: metadata %s: %v", ErrNetwork, key, err)
			return
		}
		if text := strings.TrimSpace(b.String()); text != empty {
			set(key, text)
		}
	}
	set("task", m.Task)
	set("model", m.Model)
	set("padding", firstOf(m.Padding, zeros))
	set("margin", strconv.Itoa(o.Margin))
	set("multiple", strconv.Itoa(n.Footprint().Multiple))
	asJSON("input_range", m.InputRange, "[0,0]")
	set("colour", m.Colour)
	set("code", n.Code())
	asJSON("classes", m.Classes, "null")
	asJSON("card", m.Card, "{}")
	return list, failed
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// description is the model's doc_string: how to run it, in words.
func description(n *cae.Network, o Options) string {
	var b strings.Builder
	if m := o.Metadata; m.Task != "" || m.Model != "" {
		fmt.Fprintf(&b, "Model %s of task %s. ", firstOf(m.Model, "without a name"), firstOf(m.Task, "without a name"))
	}
	b.WriteString("Float32, [batch, planes, height, width]. Inputs:")
	for i, in := range n.Inputs() {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, " %s of %d planes", in.Name, in.Planes)
	}
	fmt.Fprintf(&b, ". Height and width are multiples of %d. Convolutions see zeros beyond the border", n.Footprint().Multiple)
	if o.Margin > 0 {
		fmt.Fprintf(&b, ": continue pictures by reflection, by %d samples or more on each side, before the network, and crop its output", o.Margin)
	}
	b.WriteString(".")
	if r := o.Metadata.InputRange; r != [2]float64{} {
		fmt.Fprintf(&b, " Samples: %g to %g.", r[0], r[1])
	}
	if o.Metadata.Colour != "" {
		fmt.Fprintf(&b, " Colour: %s.", o.Metadata.Colour)
	}
	return b.String()
}
