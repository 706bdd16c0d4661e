package pipeline

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	yamlparser "github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parse returns the mapping that a pipeline file is.
func (r *fileReader) parse(data []byte) (root *ast.MappingNode, err error) {
	if len(data) > maxFileBytes {
		return nil, r.errorf(nil, "%w", tooLarge(int64(len(data))))
	}
	text := decodeText(data)
	if !utf8.ValidString(text) {
		return nil, r.errorf(nil, "it is no text in UTF-8")
	}
	defer func() {
		if v := recover(); v != nil { // the parser is not ours
			root, err = nil, r.errorf(nil, "it is no YAML that this program can read (%v)", v)
		}
	}()
	tokens := lexer.Tokenize(text)
	if len(tokens) > maxFileTokens {
		return nil, r.errorf(nil, "it is too long: it has %d YAML tokens; a pipeline file has at most %d", len(tokens), maxFileTokens)
	}
	// Keys that stand twice are reported by mapping, in our words.
	file, err := yamlparser.Parse(tokens, 0, yamlparser.AllowDuplicateMapKey())
	if err != nil {
		return nil, r.syntaxError(err)
	}
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.DirectiveType {
			continue
		}
		if root != nil {
			return nil, r.errorf(doc.Body, "a second document begins here; a file holds one pipeline")
		}
		m, ok := doc.Body.(*ast.MappingNode)
		if !ok {
			return nil, r.errorf(doc.Body, "a pipeline file begins with \"pipeline: %d\", and this is %s", fileFormat, kindOf(doc.Body))
		}
		root = m
	}
	if root == nil {
		return nil, r.errorf(nil, "it is empty; a pipeline file begins with \"pipeline: %d\"", fileFormat)
	}
	return root, nil
}

// decodeText takes off a byte order mark, which editors and shells on Windows
// write, and turns UTF-16 into UTF-8.
func decodeText(data []byte) string {
	little := bytes.HasPrefix(data, []byte("\xff\xfe"))
	if !little && !bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	}
	var units []uint16
	for b := data[2:]; len(b) >= 2; b = b[2:] {
		if little {
			units = append(units, uint16(b[0])|uint16(b[1])<<8)
		} else {
			units = append(units, uint16(b[1])|uint16(b[0])<<8)
		}
	}
	return string(utf16.Decode(units))
}

// syntaxError gives an error of the YAML parser its place.
func (r *fileReader) syntaxError(err error) error {
	e := &FileError{File: r.file, Err: fmt.Errorf("it is no YAML: %w", err)}
	var placed interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &placed) {
		e.Err = errors.New("this is no YAML: " + placed.GetMessage())
		if t := placed.GetToken(); t != nil && t.Position != nil {
			e.Line, e.Column = t.Position.Line, t.Position.Column
		}
	}
	return e
}

// position is where a node begins, or 0, 0 where there is none.
func position(n ast.Node) (line, column int) {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 { // its own token is the first colon
		n = m.Values[0].Key
	}
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 0, 0
	}
	p := n.GetToken().Position
	return p.Line, p.Column
}

// kindOf says in words what a node is.
func kindOf(n ast.Node) string {
	switch n.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a list of lines KEY: VALUE"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.AnchorType, ast.AliasType, ast.MergeKeyType:
		return "an anchor or an alias, which a pipeline cannot have"
	case ast.TagType:
		return "a tag, which a pipeline cannot have"
	}
	return "a single value"
}

// mapping returns the values of a mapping by their keys, which must be among
// the allowed ones.
func (r *fileReader) mapping(n ast.Node, allowed ...string) (map[string]ast.Node, error) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		return nil, r.errorf(n, "here stand lines KEY: VALUE, with the keys: %s; this is %s", strings.Join(allowed, ", "), kindOf(n))
	}
	values := map[string]ast.Node{}
	for _, v := range m.Values {
		key, err := r.key(v.Key)
		switch {
		case err != nil:
			return nil, err
		case !slices.Contains(allowed, key):
			return nil, r.errorf(v.Key, "unknown key %q; there are: %s", key, strings.Join(allowed, ", "))
		case values[key] != nil:
			return nil, r.errorf(v.Key, "the key %s is given twice", key)
		}
		values[key] = v.Value
	}
	return values, nil
}

func (r *fileReader) key(n ast.Node) (string, error) {
	key, ok := textOf(n)
	if !ok {
		return "", r.errorf(n, "a key is a plain name")
	}
	return key, nil
}

// text returns a single value as it was typed: options read their texts
// themselves, so 030 and 1e3 are left to them.
func (r *fileReader) text(what string, n ast.Node) (string, error) {
	text, ok := textOf(n)
	switch {
	case ok:
		return text, nil
	case n.Type() == ast.NullType:
		return "", r.errorf(n, "%s needs a value; write \"\" for an empty text, and \"null\" for the word", what)
	}
	return "", r.errorf(n, "%s is a single value (a number, a word, or a text in double quotes), and this is %s", what, kindOf(n))
}

// textOf returns the text of a single value.
func textOf(n ast.Node) (text string, ok bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}
