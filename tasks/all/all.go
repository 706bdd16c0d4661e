// Package all is the list of the tasks that the program ships with.
package all

import (
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/denoise"
	"github.com/cae-restore/restore/tasks/inpaint"
	"github.com/cae-restore/restore/tasks/segment"
)

// Registry returns the registry of all tasks, in the order in which help and
// the manual show them. A new task is one line here.
func Registry() *tasks.Registry {
	return tasks.NewRegistry(
		denoise.Spec(),
		inpaint.Spec(),
		segment.Spec(),
	)
}
