package main

import (
	"strings"

	"github.com/cae-restore/restore/tasks/fit"
	"github.com/urfave/cli/v2"
)

func assetsFlag() cli.Flag {
	return &cli.StringSliceFlag{Name: "assets", Usage: "folder of further pictures that the model makes use of, such as overlays of dust and scratches, `NAME=DIR`; may be given several times"}
}

// assetFolders reads the options --assets; whether the model has a use for them
// is the business of the package fit.
func assetFolders(c *cli.Context) ([]fit.AssetFolder, error) {
	var list []fit.AssetFolder
	for _, text := range c.StringSlice("assets") {
		name, dir, ok := strings.Cut(text, "=")
		if !ok || name == "" || dir == "" {
			return nil, usagef("option --assets: %q is not NAME=DIR, such as overlays=my-overlays", text)
		}
		list = append(list, fit.AssetFolder{Name: name, Dir: dir})
	}
	return list, nil
}
