package modelfile

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// cursor walks through the text of a header that json.Valid has approved, so
// only the kinds of values remain to be checked.
type cursor struct {
	text []byte
	at   int
}

// next skips white space and returns the byte at the cursor.
func (c *cursor) next() byte {
	for c.at < len(c.text) {
		switch b := c.text[c.at]; b {
		case ' ', '\t', '\n', '\r':
			c.at++
		default:
			return b
		}
	}
	return 0
}

// take moves past b if that comes next.
func (c *cursor) take(b byte) bool {
	if c.next() != b {
		return false
	}
	c.at++
	return true
}

// object calls each with the key, in its quotes, of every member; each moves
// past the value.
func (c *cursor) object(each func(key []byte) error) error {
	if !c.take('{') {
		return errors.New("an object in { } belongs here")
	}
	if c.take('}') {
		return nil
	}
	for {
		key, err := c.quoted()
		if err != nil {
			return err
		}
		c.take(':')
		if err := each(key); err != nil {
			return err
		}
		if !c.take(',') {
			c.take('}')
			return nil
		}
	}
}

// quoted moves past a string and returns it with its quotes.
func (c *cursor) quoted() ([]byte, error) {
	if c.next() != '"' {
		return nil, errors.New("a text in quotes belongs here")
	}
	begin := c.at
	for c.at++; c.at < len(c.text); c.at++ {
		switch c.text[c.at] {
		case '\\':
			c.at++
		case '"':
			c.at++
			return c.text[begin:c.at], nil
		}
	}
	return nil, errors.New("text without an end")
}

// integers moves past an array of numbers and appends them to list, of at most
// most elements.
func (c *cursor) integers(list []int64, most int) ([]int64, error) {
	if !c.take('[') {
		return nil, errors.New("a list of numbers in [ ] belongs here")
	}
	if c.take(']') {
		return list, nil
	}
	for {
		n, err := c.integer()
		if err != nil {
			return nil, err
		}
		if len(list) == most {
			return nil, fmt.Errorf("more than %d numbers", most)
		}
		list = append(list, n)
		if !c.take(',') {
			c.take(']')
			return list, nil
		}
	}
}

func (c *cursor) integer() (int64, error) {
	first := c.next()
	if first == '-' {
		return 0, errors.New("a number is negative")
	}
	n, begin := int64(0), c.at
	for ; c.at < len(c.text); c.at++ {
		b := c.text[c.at]
		if b == '.' || b == 'e' || b == 'E' {
			return 0, errors.New("a number is not whole")
		}
		if b < '0' || b > '9' {
			break
		}
		if n > (math.MaxInt64-9)/10 {
			return 0, errors.New("a number is too large")
		}
		n = n*10 + int64(b-'0')
	}
	if c.at == begin {
		return 0, errors.New("a number belongs here")
	}
	return n, nil
}

// metadata moves past the object of texts under __metadata__.
func (c *cursor) metadata() (map[string]string, error) {
	out := map[string]string{}
	err := c.object(func(rawKey []byte) error {
		key := unquote(rawKey)
		if _, twice := out[key]; twice {
			return fmt.Errorf("the key %.80q stands twice", key)
		}
		if len(out) == maxKeys {
			return fmt.Errorf("more than %d keys", maxKeys)
		}
		value, err := c.quoted()
		if err != nil {
			return fmt.Errorf("%.80q: %w", key, err)
		}
		out[key] = unquote(value)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", metadataKey, err)
	}
	return out, nil
}

// tensor moves past the description of a tensor. dataLen is the number of bytes
// that the file has for all.
func (c *cursor) tensor(dataLen int64) (t Tensor, s span, err error) {
	var dims, ends [maxDims]int64
	var shape, offsets []int64
	err = c.object(func(key []byte) error {
		switch k := string(key); {
		case k == `"dtype"` && s.dtype == "":
			name, err := c.quoted()
			if err != nil {
				return fmt.Errorf("dtype: %w", err)
			}
			switch string(name) {
			case `"F32"`:
				s.dtype = F32
			case `"F16"`:
				s.dtype = F16
			default:
				return fmt.Errorf("elements of type %.20s: only F32 and F16 can be read; convert the file first", name)
			}
		case k == `"shape"` && shape == nil:
			if shape, err = c.integers(dims[:0], maxDims); err != nil {
				return fmt.Errorf("shape: %w", err)
			}
		case k == `"data_offsets"` && offsets == nil:
			if offsets, err = c.integers(ends[:0], 2); err != nil {
				return fmt.Errorf("data_offsets: %w", err)
			}
		case k == `"dtype"` || k == `"shape"` || k == `"data_offsets"`:
			return fmt.Errorf("%s stands twice", k)
		default:
			return fmt.Errorf("unknown key %.80s", k)
		}
		return nil
	})
	switch {
	case err != nil:
		return t, s, err
	case s.dtype == "" || shape == nil || len(offsets) != 2:
		return t, s, errors.New("it needs a dtype, a shape and two data_offsets")
	}
	s.begin, s.end = offsets[0], offsets[1]
	if s.begin > s.end || s.end > dataLen {
		return t, s, fmt.Errorf("bytes %d to %d do not lie within the file's %d", s.begin, s.end, dataLen)
	}
	count, err := product(shape)
	if err != nil {
		return t, s, err
	}
	if count > dataLen || count*s.dtype.size() != s.end-s.begin {
		return t, s, fmt.Errorf("shape %v of type %s does not take the %d bytes that it has", slices.Clone(shape), s.dtype, s.end-s.begin)
	}
	t.Shape = make([]int, len(shape))
	for i, d := range shape {
		t.Shape[i] = int(d)
	}
	return t, s, nil
}

// product is the number of elements of a shape; a dimension of 0 makes it 0. It
// clones the shape for its messages so that callers can keep theirs on the stack.
func product(shape []int64) (int64, error) {
	count := int64(1)
	for _, d := range shape {
		if d < 0 || d > math.MaxInt32 {
			return 0, fmt.Errorf("shape %v: dimensions are from 0 to %d", slices.Clone(shape), math.MaxInt32)
		}
		count *= min(d, 1) // so that a 0 anywhere forestalls an overflow elsewhere
	}
	for _, d := range shape {
		if count != 0 && d > math.MaxInt64/8/count {
			return 0, fmt.Errorf("shape %v: its product is too large", slices.Clone(shape))
		}
		count *= d
	}
	return count, nil
}
