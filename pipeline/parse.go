package pipeline

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cae-restore/restore/tasks"
)

// ParseError says where in the text of a pipeline a mistake is.
type ParseError struct {
	Text   string // the whole pipeline as given
	Column int    // where the mistake begins, counted in characters from 1
	Step   string // name of the step, or empty
	Err    error
}

func (e *ParseError) Error() string {
	where := fmt.Sprintf("pipeline %q, column %d", e.Text, e.Column)
	if e.Step != "" {
		where += ", step " + e.Step
	}
	return where + ": " + e.Err.Error()
}

func (e *ParseError) Unwrap() error { return e.Err }

// Parse reads a chain written on one line:
//
//	chain  = step { "," step }
//	step   = task { ":" option [ "=" value ] }
//	value  = text without , : and "   |   '"' text with each " doubled '"'
//
// as in denoise:strength=30 or segment:model="C:\damage.safetensors",inpaint.
// Spaces round names and bare values do not count; an option that is a switch
// may stand without a value. Unknown tasks and options, an option given twice,
// values out of range and planes that no earlier step makes are errors. Those
// are of KindUsage and, but for the planes, hold a *ParseError. given are planes
// that come with each picture; see NewChainGiven.
func Parse(reg *tasks.Registry, text string, given ...string) (*Chain, error) {
	p := &parser{reg: reg, text: text}
	var steps []Step
	for {
		s, err := p.step()
		if err != nil {
			return nil, &Error{Kind: KindUsage, Err: err}
		}
		steps = append(steps, s)
		if !p.take(',') {
			break
		}
	}
	return NewChainGiven(given, steps...)
}

type parser struct {
	reg  *tasks.Registry
	text string
	pos  int    // byte offset of what comes next
	name string // of the step at hand
}

func (p *parser) errorf(pos int, err error) error {
	return &ParseError{Text: p.text, Column: utf8.RuneCountInString(p.text[:pos]) + 1, Step: p.name, Err: err}
}

// take consumes c if it comes next.
func (p *parser) take(c byte) bool {
	if p.pos < len(p.text) && p.text[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

// word reads up to one of the characters in ends and returns what stands there
// without the spaces round it, and where it begins.
func (p *parser) word(ends string) (word string, at int) {
	rest := p.text[p.pos:]
	n := strings.IndexAny(rest, ends)
	if n < 0 {
		n = len(rest)
	}
	word = strings.TrimLeftFunc(rest[:n], unicode.IsSpace)
	at = p.pos + n - len(word)
	p.pos += n
	return strings.TrimRightFunc(word, unicode.IsSpace), at
}

func (p *parser) step() (Step, error) {
	p.name = ""
	name, at := p.word(`,:="`)
	if name == "" {
		return Step{}, p.errorf(at, errors.New("the name of a task is missing here"))
	}
	spec, err := p.reg.Lookup(name)
	if err != nil {
		return Step{}, p.errorf(at, err)
	}
	p.name = name
	s := Step{Spec: spec}
	if spec.Options != nil {
		s.Options = spec.Options()
	}
	seen := map[string]bool{}
	for p.take(':') {
		if err := p.option(s, seen); err != nil {
			return Step{}, err
		}
	}
	if p.pos < len(p.text) && p.text[p.pos] != ',' {
		r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
		return Step{}, p.errorf(p.pos, fmt.Errorf("unexpected %q; write TASK:OPTION=VALUE, with a value that holds , : or \" in double quotes", r))
	}
	return s, nil
}

func (p *parser) option(s Step, seen map[string]bool) error {
	key, at := p.word(`,:="`)
	if key == "" {
		return p.errorf(at, errors.New("the name of an option is missing here"))
	}
	if seen[key] {
		return p.errorf(at, fmt.Errorf("option %s is given twice", key))
	}
	seen[key] = true
	if !p.take('=') {
		list := optionsOf(s)
		k := slices.IndexFunc(list, func(o tasks.Option) bool { return o.Name == key })
		if k >= 0 && !list[k].Bool {
			return p.errorf(at, fmt.Errorf("option %s needs a value: %s=VALUE", key, key))
		}
		if err := setOption(s, key, "true"); err != nil {
			return p.errorf(at, err)
		}
		return nil
	}
	value, valueAt, err := p.value()
	if err != nil {
		return err
	}
	if hasOption(s, key) {
		at = valueAt
	}
	if err := setOption(s, key, value); err != nil {
		return p.errorf(at, err)
	}
	return nil
}

// value reads a bare or a quoted value.
func (p *parser) value() (value string, at int, err error) {
	rest := p.text[p.pos:]
	at = p.pos + len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	if !strings.HasPrefix(p.text[at:], `"`) {
		value, at = p.word(`,:"`)
		return value, at, nil
	}
	p.pos = at + 1
	var b strings.Builder
	for {
		n := strings.IndexByte(p.text[p.pos:], '"')
		if n < 0 {
			return "", at, p.errorf(at, errors.New("the double quote that begins here is not closed"))
		}
		b.WriteString(p.text[p.pos : p.pos+n])
		p.pos += n + 1
		if !p.take('"') {
			break
		}
		b.WriteByte('"')
	}
	rest = p.text[p.pos:]
	p.pos += len(rest) - len(strings.TrimLeftFunc(rest, unicode.IsSpace))
	return b.String(), at, nil
}

// quote writes a value so that Parse reads it back.
func quote(value string) string {
	if strings.ContainsAny(value, `,:"`) || strings.TrimSpace(value) != value {
		return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	return value
}
