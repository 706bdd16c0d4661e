package segment

import (
	"path"
	"slices"

	"github.com/cae-restore/restore/tasks"
)

// kind is a kind of damage: the plane of the network that finds it, and its index
// in the plane "labels", where 0 is no damage.
type kind int

const (
	scratch kind = 1 + iota
	dust
	hair
	stain
	blot
)

// kindCount is the number of kinds.
const kindCount = 5

// about describes a kind.
type about struct {
	name    string
	colour  [3]uint8 // in pictures of labels
	folders []string // of overlays, by the last element of their paths
}

// kinds describes each kind, by its index less 1.
var kinds = [kindCount]about{
	{"scratch", [3]uint8{230, 60, 50}, []string{"scratches"}},
	{"dust", [3]uint8{250, 200, 40}, []string{"dirt", "sprinkles", "spots"}}, // many small specks, loose or in a cloud
	{"hair", [3]uint8{60, 180, 75}, []string{"hair", "hair-short", "lint"}},
	{"stain", [3]uint8{70, 130, 230}, []string{"stain"}},
	{"blot", [3]uint8{190, 80, 210}, []string{"dots", "smut"}}, // places of some size of which nothing is left
}

func (k kind) String() string { return kinds[k-1].name }

// palette is the colours of the indices of labels; that of no damage is black.
func palette() [][3]uint8 {
	list := [][3]uint8{{}}
	for _, k := range kinds {
		list = append(list, k.colour)
	}
	return list
}

// overlays are the pictures of damage for training or for scoring, by kind less 1
// and by folder.
type overlays [kindCount][][]tasks.Asset

// overlaysOf sorts assets by kind and takes those that are held out for scoring, or
// the others. Overlays in folders of other names are left alone.
func overlaysOf(assets []tasks.Asset, scoring bool) overlays {
	var o overlays
	learn, held := tasks.SplitAssets(assets)
	if assets = learn; scoring {
		assets = held
	}
	places := map[string]int{} // in o
	for _, a := range assets {
		folder := path.Dir(a.Name)
		k := slices.IndexFunc(kinds[:], func(a about) bool { return slices.Contains(a.folders, path.Base(folder)) })
		if k < 0 {
			continue
		}
		at, ok := places[folder]
		if !ok {
			at = len(o[k])
			places[folder] = at
			o[k] = append(o[k], nil)
		}
		o[k][at] = append(o[k][at], a)
	}
	return o
}

// any reports whether there are overlays at all.
func (o overlays) any() bool {
	return slices.ContainsFunc(o[:], func(folders [][]tasks.Asset) bool { return len(folders) > 0 })
}
