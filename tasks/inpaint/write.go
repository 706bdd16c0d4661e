package inpaint

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cae-restore/restore/pix"
)

// write writes the pictures of a trial.
func (o *ScoreOptions) write(kind Kind, name string, truth *pix.Image, mask *pix.Plane, spoilt, filled *pix.Image) error {
	dir := filepath.Join(o.Write, string(kind))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("the folder for the scored pictures cannot be made: %w", err)
	}
	stem := filepath.Join(dir, strings.ReplaceAll(strings.TrimSuffix(name, path.Ext(name)), "/", "_"))
	shown := pix.New(mask.W, mask.H, 1)
	shown.Planes[0] = mask.Pix
	for suffix, m := range map[string]*pix.Image{".truth.png": truth, ".mask.png": shown, ".holes.png": spoilt, ".filled.png": filled} {
		if err := pix.WriteFile(stem+suffix, m, pix.EncodeOptions{Format: "png"}); err != nil {
			return fmt.Errorf("a scored picture cannot be written: %w", err)
		}
	}
	return nil
}
