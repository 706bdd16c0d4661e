package pipeline

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// YAML writes the chain as ReadYAML reads it, with every option, so that it can
// be changed and means the same when defaults change. Names of model files
// stand as they are: relative ones are relative to the new file from then on.
// A value that is no UTF-8 is an error, since YAML cannot hold it.
func (c *Chain) YAML() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "pipeline: %d\n", fileFormat)
	if c.Summary != "" {
		fmt.Fprintf(&b, "summary: %s\n", scalar(c.Summary))
	}
	b.WriteString("steps:\n")
	for i, s := range c.steps {
		fmt.Fprintf(&b, "  - task: %s\n", scalar(s.Spec.Name))
		if s.Spec.Version > 0 {
			fmt.Fprintf(&b, "    version: %d\n", s.Spec.Version)
		}
		for k, o := range optionsOf(s) {
			if !utf8.ValidString(o.Default) {
				return nil, &Error{Kind: KindUsage, Step: c.label(i), Err: fmt.Errorf("option %s: %q is no UTF-8, so it cannot be written as YAML", o.Name, o.Default)}
			}
			if k == 0 {
				b.WriteString("    options:\n")
			}
			value := scalar(o.Default)
			if o.Bool {
				value = o.Default
			}
			fmt.Fprintf(&b, "      %s: %s\n", scalar(o.Name), value)
		}
	}
	return b.Bytes(), nil
}

// plain matches what needs no quotes in YAML: numbers, and texts of characters
// without a meaning of their own. Words such as true are excepted below.
var plain = regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|[A-Za-z]([A-Za-z0-9 _./(),;-]*[A-Za-z0-9_./)])?)$`)

// yamlWords are texts that YAML, of version 1.1 or 1.2, takes for something
// else, in lower case.
var yamlWords = []string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}

// scalar writes a text as a YAML value.
func scalar(text string) string {
	if plain.MatchString(text) && !slices.Contains(yamlWords, strings.ToLower(text)) {
		return text
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case strconv.IsPrint(c):
			b.WriteRune(c)
		case c <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, c)
		default:
			fmt.Fprintf(&b, `\U%08x`, c)
		}
	}
	b.WriteByte('"')
	return b.String()
}
