package fit

import (
	"context"
	"fmt"

	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/neural"
)

// Margin is by how many samples at least pictures are continued by reflection on
// all sides before a network sees them: whoever runs a model elsewhere has to do
// the same.
const Margin = neural.Margin

// Eval scores a model on all pictures in the given folders, through the model's
// own Score. name is a shipped model or a file.
func Eval(ctx context.Context, env tasks.Env, model *tasks.Model, name string, folders []string, options any) (tasks.Table, error) {
	if model.Score == nil {
		return tasks.Table{}, fmt.Errorf("the model %s cannot be scored by this program", model.Name)
	}
	d, err := OpenDataset(folders, 1, 0)
	if err != nil {
		return tasks.Table{}, err
	}
	return model.Score(ctx, env, name, d.Samples(), options)
}
