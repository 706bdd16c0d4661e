package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// schema checks values against the part of JSON Schema that
// docs/events.schema.json uses. Two things are stricter than the standard: a
// keyword that is not known here is an error, so that nothing in the file goes
// unchecked, and so is a property that the schema does not list, so that
// nothing is printed that is not documented.
type schema struct{ root map[string]any }

func eventSchema(t *testing.T) schema {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "docs", "events.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(data, &s.root); err != nil {
		t.Fatal(err)
	}
	return s
}

// line checks one line of events and returns it.
func (s schema) line(line []byte) (map[string]any, error) {
	var v map[string]any
	if err := json.Unmarshal(line, &v); err != nil {
		return nil, err
	}
	return v, s.check(s.root, v, "event")
}

func (s schema) check(rule map[string]any, v any, at string) error {
	for key, want := range rule {
		var err error
		switch key {
		case "$schema", "title", "description", "$defs", "required":
		case "$ref":
			name := strings.TrimPrefix(want.(string), "#/$defs/")
			err = s.check(s.root["$defs"].(map[string]any)[name].(map[string]any), v, at)
		case "oneOf":
			err = s.oneOf(want.([]any), v, at)
		case "type":
			if list, ok := want.([]any); !slices.Contains(list, any(typeOf(v))) && !slices.Contains(list, any(widened(v))) && (ok || want != typeOf(v) && want != widened(v)) {
				err = fmt.Errorf("%s is %s, not %v", at, typeOf(v), want)
			}
		case "const":
			if !reflect.DeepEqual(v, want) {
				err = fmt.Errorf("%s is %v, not %v", at, v, want)
			}
		case "enum":
			if !slices.Contains(want.([]any), v) {
				err = fmt.Errorf("%s is %v, none of %v", at, v, want)
			}
		case "minimum":
			if n, ok := v.(float64); ok && n < want.(float64) {
				err = fmt.Errorf("%s is %v, below %v", at, v, want)
			}
		case "pattern":
			if text, ok := v.(string); ok && !regexp.MustCompile(want.(string)).MatchString(text) {
				err = fmt.Errorf("%s is %q, which does not match %v", at, v, want)
			}
		case "items":
			for i, item := range v.([]any) {
				err = errors.Join(err, s.check(want.(map[string]any), item, fmt.Sprintf("%s[%d]", at, i)))
			}
		case "properties":
			err = s.properties(rule, v, at)
		default:
			err = fmt.Errorf("the schema has the keyword %s, which this test does not know", key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s schema) oneOf(rules []any, v any, at string) error {
	var all error
	matches := 0
	for _, rule := range rules {
		if err := s.check(rule.(map[string]any), v, at); err != nil {
			all = errors.Join(all, err)
			continue
		}
		matches++
	}
	if matches != 1 {
		return fmt.Errorf("%s matches %d of the alternatives: %w", at, matches, all)
	}
	return nil
}

func (s schema) properties(rule map[string]any, v any, at string) error {
	object, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is no object", at)
	}
	properties := rule["properties"].(map[string]any)
	required, _ := rule["required"].([]any)
	for _, name := range required {
		if _, ok := object[name.(string)]; !ok {
			return fmt.Errorf("%s has no %v", at, name)
		}
	}
	for name, value := range object {
		of, ok := properties[name].(map[string]any)
		if !ok {
			return fmt.Errorf("%s.%s is not in the schema", at, name)
		}
		if err := s.check(of, value, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func typeOf(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	}
	return "object"
}

// widened is the type that holds v's as well: every integer is a number.
func widened(v any) string {
	if t := typeOf(v); t != "integer" {
		return t
	}
	return "number"
}

// eventsOf checks every line of what a run printed, and the order of the
// events.
func eventsOf(t *testing.T, stdout string) []map[string]any {
	t.Helper()
	s := eventSchema(t)
	var list []map[string]any
	for line := range bytes.Lines([]byte(stdout)) {
		v, err := s.line(line)
		if err != nil {
			t.Errorf("%s%v", line, err)
			continue
		}
		list = append(list, v)
		switch first, end := len(list) == 1, v["event"] == "end"; {
		case !first && list[len(list)-2]["event"] == "end":
			t.Errorf("an event follows the end: %s", line)
		case first != (v["event"] == "start") && !(first && end):
			t.Errorf("event %d is %v", len(list), v["event"])
		}
	}
	if !strings.HasSuffix(stdout, "\n") {
		t.Errorf("the last line has no end: %q", stdout)
	}
	return list
}

// TestSchemaRejects shows that the check can fail.
func TestSchemaRejects(t *testing.T) {
	t.Parallel()
	s := eventSchema(t)
	const good = `{"event":"retry","time":"2031-02-03T04:05:06.007Z","path":"a","rel":"a","after":1,"error":{"kind":"input","message":"x"}}`
	if _, err := s.line([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, change := range [][2]string{
		{`"after":1`, `"after":-1`}, {`"after":1`, `"after":"1"`}, {`"after":1,`, ``}, {`"rel"`, `"real"`}, {`"input"`, `"none"`},
		{`"retry"`, `"again"`}, {`2031-02-03T`, `2031-02-03 `}, {`"path":"a"`, `"path":null`}, {`"message":"x"`, `"message":"x","step":3`},
		{`"rel":"a"`, `"rel":"a","rel_bytes":"?"`}, {`"after":1`, `"after":1,"surplus":1`},
	} {
		bad := strings.Replace(good, change[0], change[1], 1)
		if _, err := s.line([]byte(bad)); err == nil {
			t.Errorf("taken for right: %s", bad)
		}
	}
	s.root["maximum"] = 3.0
	if _, err := s.line([]byte(good)); err == nil || !strings.Contains(err.Error(), "maximum") {
		t.Errorf("a keyword that is not checked: %v", err)
	}
}
