package tasks

import (
	"path"

	"github.com/cae-restore/restore/pix"
)

// Asset is a picture of a named folder beside the photographs, such as an
// overlay of dust and scratches. Image keeps its opacity; nobody may change it.
type Asset struct {
	Name  string // path below its folder, with slashes: "dirt/dirt-007.png"
	Image *pix.Image
}

// heldOut is which of the assets of a folder are for scoring: every fifth one, the
// fifth being the first.
const heldOut = 5

// SplitAssets divides assets, which are in the order of their names, into those to
// learn from and those that are held out for scoring: every fifth one of each
// folder. All models divide by this one rule, so that no step of a chain has
// learnt from what the chain is scored on.
func SplitAssets(assets []Asset) (learn, score []Asset) {
	counts := map[string]int{}
	for _, a := range assets {
		folder := path.Dir(a.Name)
		if counts[folder]++; counts[folder]%heldOut == 0 {
			score = append(score, a)
		} else {
			learn = append(learn, a)
		}
	}
	return learn, score
}
