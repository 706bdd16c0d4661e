package pipeline

import (
	"cmp"
	"fmt"
	"slices"
)

// Pair is two files that belong together, one of each side.
type Pair struct {
	A, B Item
}

// Single is a file without a partner.
type Single struct {
	Item
	Why error // set where there is more to say: several files could be the partner
}

// Pairs matches the files of two trees. Those with the same relative path belong
// together. Of the rest, a picture belongs to the one on the other side whose
// relative path differs in its ending only ("1968/beach.jpg" and
// "1968/beach.png"), if there is just one on each side. Pairs come in the order
// of A's relative paths, singles in that of their own, those of a before those
// of b.
func Pairs(a, b []Item) (pairs []Pair, singles []Single) {
	partner := make(map[string]Item, len(b))
	for _, item := range b {
		partner[item.Rel] = item
	}
	var restA, restB []Item
	taken := map[string]bool{}
	for _, item := range a {
		if other, ok := partner[item.Rel]; ok {
			pairs = append(pairs, Pair{item, other})
			taken[item.Rel] = true
		} else {
			restA = append(restA, item)
		}
	}
	for _, item := range b {
		if !taken[item.Rel] {
			restB = append(restB, item)
		}
	}
	stemsA, stemsB := byStem(restA), byStem(restB)
	for _, item := range restA {
		own, others := stemsA[stemOf(item)], stemsB[stemOf(item)]
		if len(own) == 1 && len(others) == 1 && item.IsPicture() {
			pairs = append(pairs, Pair{item, others[0]})
			continue
		}
		singles = append(singles, Single{item, ambiguous(own, others)})
	}
	for _, item := range restB {
		own, others := stemsB[stemOf(item)], stemsA[stemOf(item)]
		if len(own) == 1 && len(others) == 1 && item.IsPicture() {
			continue // it is in a pair
		}
		singles = append(singles, Single{item, ambiguous(own, others)})
	}
	slices.SortStableFunc(pairs, func(x, y Pair) int { return cmp.Compare(x.A.Rel, y.A.Rel) })
	return pairs, singles
}

// IsPicture reports whether the file is a picture by its name. What it holds is
// for its content to say.
func (i Item) IsPicture() bool { return hasPictureEnding(i.Rel) }

func stemOf(i Item) string {
	stem, _ := splitEnding(i.Rel)
	return stem
}

// byStem lists the pictures (by name) of each stem.
func byStem(items []Item) map[string][]Item {
	stems := map[string][]Item{}
	for _, item := range items {
		if item.IsPicture() {
			stems[stemOf(item)] = append(stems[stemOf(item)], item)
		}
	}
	return stems
}

// ambiguous says why files of the same stem are no pair, where there are any.
func ambiguous(own, others []Item) error {
	switch {
	case len(own) == 0 || len(others) == 0:
		return nil
	case len(others) > 1:
		return fmt.Errorf("%s and %s could both be meant", QuoteName(others[0].Path), QuoteName(others[1].Path))
	default:
		return fmt.Errorf("%s and %s could both be meant by %s", QuoteName(own[0].Path), QuoteName(own[1].Path), QuoteName(others[0].Path))
	}
}
