package segment

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
	"github.com/cae-restore/restore/tasks/internal/degrade"
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
	for folder, m := range map[string]*pix.Image{"clean": s.Image, "damaged": imageOf(d.patch), "masks": there, "found": seen} {
		if err := writePNG(filepath.Join(o.Write, folder, filepath.FromSlash(name)), m); err != nil {
			return fmt.Errorf("a scored picture cannot be written: %w", err)
		}
	}
	return nil
}

// imageOf is a patch as a picture of 8 bits.
func imageOf(p degrade.Patch) *pix.Image {
	m := pix.New(p.W, p.H, len(p.Planes))
	for k, plane := range p.Planes {
		for i, v := range plane {
			m.Planes[k][i] = uint16(min(max(v, 0), 1)*255+0.5) * 257
		}
	}
	return m
}

func writePNG(name string, m *pix.Image) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	err = pix.Encode(f, m, pix.EncodeOptions{Format: "png"})
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
