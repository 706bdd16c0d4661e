package tasks

import (
	"encoding"
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Option describes one option of a task: what a flag, a key of a pipeline and
// a line of the manual are made of.
type Option struct {
	Name    string // as written by users, from the tag `opt`
	Help    string // from the tag `help`
	Default string // as text
	Values  string // what is allowed, as text: from the tag `values` or the range
	Bool    bool   // a switch: may be given without a value
}

// Options lists the options of a struct of defaults, in the order of its
// fields. Fields without the tag `opt` are no options.
//
// A field is a string, bool, int, float64 or implements
// encoding.TextUnmarshaler and TextMarshaler by pointer. Tags: `opt` (name),
// `help`, `values:"a|b"` (the words allowed for a string), `min` and `max` (for
// numbers).
func Options(defaults any) []Option {
	var list []Option
	v := reflect.ValueOf(defaults).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := f.Tag.Get("opt")
		if name == "" {
			continue
		}
		o := Option{Name: name, Help: f.Tag.Get("help"), Values: f.Tag.Get("values"), Bool: f.Type.Kind() == reflect.Bool}
		lo, hi := f.Tag.Get("min"), f.Tag.Get("max")
		if o.Values == "" && lo != "" && hi != "" {
			o.Values = lo + ".." + hi
		}
		o.Default = textOf(v.Field(i))
		list = append(list, o)
	}
	return list
}

// SetOption sets the option called name of a struct made by Spec.Options. The
// error says what is allowed.
func SetOption(options any, name, value string) error {
	v := reflect.ValueOf(options).Elem()
	var names []string
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag := f.Tag.Get("opt")
		if tag == "" {
			continue
		}
		if tag != name {
			names = append(names, tag)
			continue
		}
		if err := setField(v.Field(i), f, value); err != nil {
			return fmt.Errorf("option %s: %w", name, err)
		}
		return nil
	}
	if len(names) == 0 {
		return fmt.Errorf("unknown option %q: there are none here", name)
	}
	return fmt.Errorf("unknown option %q; there are: %s", name, strings.Join(names, ", "))
}

func textOf(v reflect.Value) string {
	if m, ok := v.Addr().Interface().(encoding.TextMarshaler); ok {
		if b, err := m.MarshalText(); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(v.Interface())
}

func setField(v reflect.Value, f reflect.StructField, value string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(value))
	}
	switch v.Kind() {
	case reflect.String:
		if words := f.Tag.Get("values"); words != "" && !contains(words, value) {
			return fmt.Errorf("%q is none of %s", value, strings.ReplaceAll(words, "|", ", "))
		}
		v.SetString(value)
	case reflect.Bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", value)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", value)
		}
		if err := inRange(f, float64(n)); err != nil {
			return err
		}
		v.SetInt(int64(n))
	case reflect.Float64:
		x, err := strconv.ParseFloat(value, 64)
		if err != nil || x != x {
			return fmt.Errorf("%q is not a number", value)
		}
		if err := inRange(f, x); err != nil {
			return err
		}
		v.SetFloat(x)
	default:
		panic("tasks: option " + f.Name + " has a type that SetOption does not know")
	}
	return nil
}

func contains(words, value string) bool {
	for _, w := range strings.Split(words, "|") {
		if w == value {
			return true
		}
	}
	return false
}

func inRange(f reflect.StructField, x float64) error {
	lo, hi := f.Tag.Get("min"), f.Tag.Get("max")
	if lo != "" {
		if m, err := strconv.ParseFloat(lo, 64); err == nil && x < m {
			return fmt.Errorf("%v is less than %s, the least allowed", x, lo)
		}
	}
	if hi != "" {
		if m, err := strconv.ParseFloat(hi, 64); err == nil && x > m {
			return fmt.Errorf("%v is more than %s, the most allowed", x, hi)
		}
	}
	return nil
}
