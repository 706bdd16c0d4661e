package fit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// AssetFolder is a folder of pictures beside the photographs, under the name by
// which a model's Pair and Score find them; see tasks.Model.Assets.
type AssetFolder struct{ Name, Dir string }

// Label names the folder for cards and settings: its name for the model and the
// last two names of its path, such as "overlays data/damage".
func (a AssetFolder) Label() string { return a.Name + " " + label([]string{a.Dir}) }

// assets are the pictures of all asset folders, read once and shared by all
// samples.
type assets struct {
	pictures map[string][]tasks.Asset
	lines    []string // each folder in words
	warnings []string // one for each picture that is left out
}

// openAssets reads the folders of further pictures for a model, recursively, in
// the order of their paths below the folder. A picture that cannot be read is
// left out with a warning; what is no picture is passed over. The error wraps
// ErrOptions where the model knows no such folder, and ErrData where one has no
// picture.
func openAssets(ctx context.Context, env tasks.Env, m *tasks.Model, folders []AssetFolder) (*assets, error) {
	a := &assets{pictures: map[string][]tasks.Asset{}}
	for _, f := range folders {
		switch _, twice := a.pictures[f.Name]; {
		case len(m.Assets) == 0:
			return nil, fmt.Errorf("%w: assets %s: the model %s uses none", ErrOptions, f.Name, m.Name)
		case !slices.Contains(m.Assets, f.Name):
			return nil, fmt.Errorf("%w: the model %s uses no assets %q; there are: %s", ErrOptions, m.Name, f.Name, strings.Join(m.Assets, ", "))
		case twice:
			return nil, fmt.Errorf("%w: assets %s are given twice; put both folders into one", ErrOptions, f.Name)
		}
		if err := a.read(ctx, env, f); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// read reads one folder on all workers.
func (a *assets) read(ctx context.Context, env tasks.Env, folder AssetFolder) error {
	var names []string
	err := filepath.WalkDir(folder.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if path == folder.Dir && errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("there is no folder %s", path)
			}
			return err
		}
		if strings.HasPrefix(e.Name(), ".") && path != folder.Dir {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if !e.Type().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(folder.Dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil {
		return fmt.Errorf("%w: assets %s: %w", ErrData, folder.Name, err)
	}
	slices.Sort(names)
	images, failed := make([]*pix.Image, len(names)), make([]error, len(names))
	if err := env.Run(ctx, len(names), func(_, i int) error {
		images[i], failed[i] = decode(filepath.Join(folder.Dir, filepath.FromSlash(names[i])), pix.DefaultLimits)
		if failed[i] == nil {
			slim(images[i])
		}
		return nil
	}); err != nil {
		return err
	}
	list := []tasks.Asset{}
	for i, name := range names {
		switch err := failed[i]; {
		case err == nil:
			list = append(list, tasks.Asset{Name: name, Image: images[i]})
		case errors.Is(err, pix.ErrFormat), errors.Is(err, pix.ErrEmpty): // lists, licences and the like
		default:
			a.warnings = append(a.warnings, leftOut(filepath.Join(folder.Dir, filepath.FromSlash(name)), err))
		}
	}
	if len(list) == 0 {
		return fmt.Errorf("%w: assets %s: no picture can be read in %s", ErrData, folder.Name, folder.Dir)
	}
	a.pictures[folder.Name] = list
	a.lines = append(a.lines, fmt.Sprintf("%s: %d pictures as %s", label([]string{folder.Dir}), len(list), folder.Name))
	return nil
}

// slim takes metadata off a picture, and keeps planes that are equal once: most
// overlays are grey in three planes, and there are hundreds of them in memory.
func slim(m *pix.Image) {
	m.Meta = pix.Meta{Format: m.Meta.Format, Depth: m.Meta.Depth}
	for p := 1; p < len(m.Planes); p++ {
		if slices.Equal(m.Planes[p], m.Planes[0]) {
			m.Planes[p] = m.Planes[0]
		}
	}
}

// missing says which assets a model would use and does not get; empty: none.
func (a *assets) missing(m *tasks.Model) string {
	var names []string
	for _, name := range m.Assets {
		if a.pictures[name] == nil {
			names = append(names, "--assets "+name+"=DIR")
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("the model %s can do more with %s, and does without", m.Name, strings.Join(names, ", "))
}
