package modelfile

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// span is where the bytes of a tensor are, from the end of the header on.
type span struct {
	begin, end int64
	dtype      DType
}

// header is what the JSON at the head of a file says. spans[i] belongs to
// tensors[i], whose Data is still nil; order lists them as they lie in the file.
type header struct {
	metadata map[string]string
	tensors  []Tensor
	spans    []span
	order    []int32
}

// parseHeader reads the JSON by hand: encoding/json lets the last of two equal
// keys win, and its maps take many times the memory of the text.
func parseHeader(text []byte, dataLen int64) (*header, error) {
	if !utf8.Valid(text) {
		return nil, fmt.Errorf("%w: the header is not UTF-8", ErrFormat)
	}
	if len(text) == 0 || text[0] != '{' || !json.Valid(text) {
		return nil, fmt.Errorf("%w: the header is no JSON object: this is not a safetensors file, or it is damaged", ErrFormat)
	}
	// No more than could be described: {"":1,"":1} must not make room for many.
	keys := min(countKeys(text), len(text)/len(`"":{"dtype":"F16","shape":[],"data_offsets":[0,0]}`))
	h := &header{tensors: make([]Tensor, 0, keys), spans: make([]span, 0, keys)}
	c := &cursor{text: text}
	err := c.object(func(key []byte) error {
		name := unquote(key)
		if name == metadataKey {
			if h.metadata != nil {
				return fmt.Errorf("the key %q stands twice", name)
			}
			var err error
			h.metadata, err = c.metadata()
			return err
		}
		t, s, err := c.tensor(dataLen)
		if err != nil {
			return fmt.Errorf("tensor %.80q: %w", name, err)
		}
		t.Name = name
		h.tensors, h.spans = append(h.tensors, t), append(h.spans, s)
		return nil
	})
	if err == nil {
		err = h.check(dataLen)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return h, nil
}

const metadataKey = "__metadata__"

// check finds names that stand twice, and tensors that overlap or leave bytes
// unused.
func (h *header) check(dataLen int64) error {
	h.order = make([]int32, len(h.tensors))
	for i := range h.order {
		h.order[i] = int32(i)
	}
	slices.SortFunc(h.order, func(a, b int32) int { return strings.Compare(h.tensors[a].Name, h.tensors[b].Name) })
	for i := 1; i < len(h.order); i++ {
		if name := h.tensors[h.order[i]].Name; name == h.tensors[h.order[i-1]].Name {
			return fmt.Errorf("tensor %.80q stands twice", name)
		}
	}
	slices.SortFunc(h.order, func(a, b int32) int {
		p, q := h.spans[a], h.spans[b]
		switch {
		case p.begin != q.begin:
			return sign(p.begin - q.begin)
		case p.end != q.end:
			return sign(p.end - q.end)
		}
		return int(a - b)
	})
	at := int64(0)
	for _, i := range h.order {
		s, name := h.spans[i], h.tensors[i].Name
		if s.begin < at {
			return fmt.Errorf("tensor %.80q begins at byte %d, within the one before it, which ends at %d", name, s.begin, at)
		}
		if s.begin > at {
			return fmt.Errorf("bytes %d to %d before tensor %.80q belong to none", at, s.begin, name)
		}
		at = s.end
	}
	if at != dataLen {
		return fmt.Errorf("%d bytes after the last tensor belong to none", dataLen-at)
	}
	return nil
}

func sign(d int64) int {
	if d < 0 {
		return -1
	}
	return 1
}

// countKeys counts the keys of the outermost object of valid JSON.
func countKeys(text []byte) int {
	depth, keys, quoted := 0, 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			keys++
		}
	}
	return keys
}

// unquote returns the text that a valid JSON string with its quotes stands for.
// It is here because encoding/json takes some 200 bytes for each string, which
// over a header full of short names is more than a reader may allocate.
func unquote(quoted []byte) string {
	s := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return string(s)
	}
	var out strings.Builder
	out.Grow(len(s))
	for len(s) > 0 {
		if s[0] != '\\' {
			n := bytes.IndexByte(s, '\\')
			if n < 0 {
				n = len(s)
			}
			out.Write(s[:n])
			s = s[n:]
			continue
		}
		c := s[1]
		s = s[2:]
		if c != 'u' {
			out.WriteByte(escapes[c])
			continue
		}
		r := hex4(s)
		s = s[4:]
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
				pair = utf16.DecodeRune(r, hex4(s[2:]))
			}
			if pair != utf8.RuneError {
				s = s[6:]
			}
			r = pair // half a pair is the replacement character
		}
		out.WriteRune(r)
	}
	return out.String()
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

func hex4(s []byte) rune {
	var b [2]byte
	hex.Decode(b[:], s[:4]) // json.Valid has seen to the digits
	return rune(b[0])<<8 | rune(b[1])
}
