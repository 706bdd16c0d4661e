package tasks_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/cae-restore/restore/tasks"
	"github.com/google/go-cmp/cmp"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	spec := &tasks.Spec{Name: "a", Version: 3, Migrate: func(from int, o map[string]string) (map[string]string, error) {
		if o["bad"] != "" {
			return nil, errors.New("it is bad")
		}
		o["path"] += strconv.Itoa(from)
		return o, nil
	}}
	for _, test := range []struct {
		name          string
		spec          *tasks.Spec
		from          int
		options, want map[string]string
		says          string
	}{
		{"two versions up", spec, 1, map[string]string{"x": "1"}, map[string]string{"x": "1", "path": "12"}, ""},
		{"one version up", spec, 2, nil, map[string]string{"path": "2"}, ""},
		{"current", spec, 3, map[string]string{"x": "1"}, map[string]string{"x": "1"}, ""},
		{"current, without Migrate", &tasks.Spec{Version: 1}, 1, nil, map[string]string{}, ""},
		{"newer", spec, 4, nil, nil, "up to 3: update the program"},
		{"none", spec, 0, nil, nil, "no version 0"},
		{"forgotten", &tasks.Spec{Version: 2}, 1, nil, nil, "not understood any more"},
		{"refused", spec, 1, map[string]string{"bad": "1"}, nil, "version 1 cannot be brought to version 3: it is bad"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			before := len(test.options)
			got, err := tasks.Migrate(test.spec, test.from, test.options)
			if test.says != "" {
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("error %v, want one that says %q", err, test.says)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
				t.Errorf("%v: %s", err, diff)
			}
			if len(test.options) != before {
				t.Error("the map given was changed")
			}
		})
	}
}

func TestHasModel(t *testing.T) {
	t.Parallel()
	reg := tasks.NewRegistry(&tasks.Spec{Name: "a", Models: []tasks.Model{{Name: "fast"}}}, &tasks.Spec{Name: "b"})
	for name, want := range map[string]bool{"fast": true, "a": true, "a:fast": true, "b": false, "b:fast": false, "a:slow": false, "./fast": false, "": false} {
		if got := reg.HasModel(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
