package modelfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Metadata is what a program must know to use the weights. In the file each
// field is one text of the header's `__metadata__`, whose values must be texts;
// fields at their zero value are left out.
//
// The fields mean something only where FormatVersion is set: in a file without
// it, which another program made, all metadata is in Extra.
type Metadata struct {
	FormatVersion int             // key format_version; 1 to Version, or 0 in files of others
	Task          string          // task: name of the task that the model is for
	Model         string          // model: name among the models of the task
	Network       json.RawMessage // network: the graph as JSON, kept byte for byte
	Multiple      int             // size_multiple: width and height must be multiples of it
	Padding       string          // padding: what layers see beyond the border, in words
	InputRange    [2]float64      // input_range: what black and white are in the network's input
	Colour        string          // colour: what the planes are, and in what order ("sRGB")
	Classes       []Class         // classes: what the planes of a labelling network stand for
	Card          Card            // card: where the model comes from and how good it is

	// Extra holds the keys that this version does not know. They are written
	// back as they were.
	Extra map[string]string
}

// Class is one class of a labelling network.
type Class struct {
	Name   string   `json:"name"`
	Colour [3]uint8 `json:"colour"` // red, green, blue, for pictures of labels
}

// Card tells people where a model comes from and what to expect of it. Fields
// that are empty are left out of the file.
type Card struct {
	Data       []string `json:"data,omitempty"`       // what it was trained on
	Command    string   `json:"command,omitempty"`    // the command that trained it
	Program    string   `json:"program,omitempty"`    // name and version of the program
	Steps      int64    `json:"steps,omitempty"`      // steps of the optimiser, over all runs
	Gigapixels float64  `json:"gigapixels,omitempty"` // 1e9 pixels seen in training, over all runs
	Hours      float64  `json:"hours,omitempty"`      // of training, over all runs
	CPU        string   `json:"cpu,omitempty"`        // machine that trained it
	Date       string   `json:"date,omitempty"`       // day on which training ended, as YYYY-MM-DD
	Scores     []Score  `json:"scores,omitempty"`
	Limits     string   `json:"limits,omitempty"`  // what it is not good at
	Licence    string   `json:"licence,omitempty"` // SPDX identifier
}

// Score is one measurement of the model.
type Score struct {
	Data    string  `json:"data"`            // what it was measured on, such as "photos/val"
	Case    string  `json:"case,omitempty"`  // under which condition, such as "sigma 25"
	Measure string  `json:"measure"`         // name and unit, such as "psnr_db"
	Value   float64 `json:"value"`           // of the model's output
	Input   float64 `json:"input,omitempty"` // of the input as it was
}

// Keys of `__metadata__`.
const (
	keyVersion  = "format_version"
	keyTask     = "task"
	keyModel    = "model"
	keyNetwork  = "network"
	keyMultiple = "size_multiple"
	keyPadding  = "padding"
	keyRange    = "input_range"
	keyColour   = "colour"
	keyClasses  = "classes"
	keyCard     = "card"
)

var ourKeys = []string{keyVersion, keyTask, keyModel, keyNetwork, keyMultiple,
	keyPadding, keyRange, keyColour, keyClasses, keyCard}

// texts returns the metadata as the format wants it.
func (m *Metadata) texts() (map[string]string, error) {
	out := map[string]string{}
	if m.FormatVersion != 0 {
		out[keyVersion] = strconv.Itoa(m.FormatVersion)
	}
	set := func(key, text string) {
		if text != "" {
			out[key] = text
		}
	}
	set(keyTask, m.Task)
	set(keyModel, m.Model)
	set(keyNetwork, string(m.Network))
	set(keyPadding, m.Padding)
	set(keyColour, m.Colour)
	if m.Multiple != 0 {
		out[keyMultiple] = strconv.Itoa(m.Multiple)
	}
	for _, v := range []struct {
		key   string
		value any
		empty bool
	}{
		{keyRange, m.InputRange, m.InputRange == [2]float64{}},
		{keyClasses, m.Classes, len(m.Classes) == 0},
		{keyCard, m.Card, m.Card.empty()},
	} {
		if v.empty {
			continue
		}
		text, err := marshal(v.value)
		if err != nil {
			return nil, fmt.Errorf("%w: metadata %s: %v", ErrFormat, v.key, err)
		}
		out[v.key] = text
	}
	if m.FormatVersion == 0 && len(out) > 0 {
		return nil, fmt.Errorf("%w: metadata with %v but without a FormatVersion: set it to modelfile.Version",
			ErrFormat, slices.Sorted(maps.Keys(out)))
	}
	for key, text := range m.Extra {
		if m.FormatVersion != 0 && slices.Contains(ourKeys, key) {
			return nil, fmt.Errorf("%w: metadata: Extra holds the key %q, which has a field of its own", ErrFormat, key)
		}
		out[key] = text
	}
	// What is written must be readable: one set of checks for both.
	if _, err := parseMetadata(out); err != nil {
		return nil, err
	}
	return out, nil
}

// parseMetadata is the reverse of texts.
func parseMetadata(in map[string]string) (Metadata, error) {
	m := Metadata{}
	version, ours := in[keyVersion]
	if !ours {
		if len(in) > 0 {
			m.Extra = in
		}
		return m, nil
	}
	v, err := strconv.Atoi(version)
	switch {
	case err != nil || v < 1:
		return m, fmt.Errorf("%w: metadata %s: %.20q is not a version", ErrFormat, keyVersion, version)
	case v > Version:
		return m, fmt.Errorf("%w: its format has version %d, this program reads up to %d: use a newer program", ErrFormat, v, Version)
	}
	m.FormatVersion = v
	for key, text := range in {
		if err := m.set(key, text); err != nil {
			return m, fmt.Errorf("%w: metadata %s: %v", ErrFormat, key, err)
		}
	}
	return m, nil
}

// set takes in one entry.
func (m *Metadata) set(key, text string) error {
	switch key {
	case keyVersion:
	case keyTask:
		m.Task = text
	case keyModel:
		m.Model = text
	case keyPadding:
		m.Padding = text
	case keyColour:
		m.Colour = text
	case keyNetwork:
		m.Network = json.RawMessage(text)
		if depth, _ := measure(text); depth > maxDepth {
			return fmt.Errorf("JSON nested more than %d deep", maxDepth)
		}
		if !json.Valid(m.Network) {
			return fmt.Errorf("no valid JSON")
		}
	case keyMultiple:
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 {
			return fmt.Errorf("%.20q is not a positive number", text)
		}
		m.Multiple = int(n)
	case keyRange:
		var ends []float64
		if err := unmarshal(text, &ends); err != nil {
			return err
		}
		if len(ends) != 2 || ends[0] >= ends[1] {
			return fmt.Errorf("%.40q is not a lower and an upper end", text)
		}
		m.InputRange = [2]float64(ends)
	case keyClasses:
		return unmarshal(text, &m.Classes)
	case keyCard:
		return unmarshal(text, &m.Card)
	default:
		if m.Extra == nil {
			m.Extra = map[string]string{}
		}
		m.Extra[key] = text
	}
	return nil
}

func (c *Card) empty() bool {
	text, err := marshal(c)
	return err == nil && text == "{}"
}

// marshal writes JSON that does not spell < and > as escapes: this is no HTML.
func marshal(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// unmarshal reads JSON of bounded size: a list of empty objects would otherwise
// take many times its own length in memory.
func unmarshal(text string, to any) error {
	depth, items := measure(text)
	switch {
	case len(text) > maxCardText:
		return fmt.Errorf("%d bytes, at most %d are allowed", len(text), maxCardText)
	case depth > maxDepth:
		return fmt.Errorf("JSON nested more than %d deep", maxDepth)
	case items > maxItems:
		return fmt.Errorf("more than %d values", maxItems)
	}
	return json.Unmarshal([]byte(text), to)
}

// measure returns how deep JSON is nested and at most how many values it has.
func measure(text string) (depth, items int) {
	at, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			at++
			items++
			depth = max(depth, at)
		case c == ']' || c == '}':
			at--
		case c == ',':
			items++
		}
	}
	return depth, items
}
