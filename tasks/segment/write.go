package segment

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// write writes a scored picture: as it was, damaged, and as masks what is damaged
// and what was found.
func (o *ScoreOptions) write(s tasks.Sample, d *damaged, found *classes) error {
	there, seen := pix.New(found.w, found.h, 1), pix.New(found.w, found.h, 1)
	for i, k := range found.class {
		if k != 0 {
			seen.Planes[0][i] = 65535
		}
		for _, cover := range d.covers {
			if cover[i] >= damageFrom {
				there.Planes[0][i] = 65535
			}
		}
	}
	name := strings.TrimSuffix(s.Name, path.Ext(s.Name)) + ".png"
	for folder, m := range map[string]*pix.Image{"clean": s.Image, "damaged": d.patch.ToImage(), "masks": there, "found": seen} {
		if err := pix.WriteFile(filepath.Join(o.Write, folder, filepath.FromSlash(name)), m, pix.EncodeOptions{Format: "png"}); err != nil {
			return fmt.Errorf("a scored picture cannot be written: %w", err)
		}
	}
	return nil
}
