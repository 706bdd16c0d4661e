package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// plan finds outputs that would take each other's names, or that of an input.
// Only items that share a folder and a stem can clash, so no other is opened.
func (r *run) plan(list []Item) error {
	groups, at := map[string][]Item{}, places{}
	for _, item := range list {
		stem, ending := splitEnding(item.Rel)
		for _, suffix := range r.suffixes(r.expected(ending)) {
			target := at.of(r.target(item, suffix))
			if r.inputs[target] {
				return usagef("the output of %s would take the place of an input; choose another output folder, or a suffix", QuoteName(item.Path))
			}
			if r.masks.holds(target) {
				return usagef("the output of %s would stand among the masks, or take the place of one; choose another output folder", QuoteName(item.Path))
			}
		}
		groups[fold(stem)] = append(groups[fold(stem)], item)
	}
	var clashes []string
	for _, group := range groups {
		if len(group) > 1 {
			clashes = append(clashes, r.clashes(group)...)
		}
	}
	if len(clashes) == 0 {
		return nil
	}
	slices.SortFunc(clashes, cmp.Compare)
	const shown = 5
	more := ""
	if n := len(clashes) - shown; n > 0 {
		clashes, more = clashes[:shown], fmt.Sprintf("\nand %d more", n)
	}
	format := "choose another format, "
	if r.chain.Keeps() {
		format = ""
	}
	return usagef("several inputs would have the same output:\n%s%s\n"+
		"rename one of them, leave one out with --exclude, %sor process them into different folders",
		strings.Join(clashes, "\n"), more, format)
}

// clashes compares the names of the outputs of items with the same stem.
func (r *run) clashes(group []Item) (list []string) {
	first := map[string]Item{}
	for _, item := range group {
		in, err := openInput(item, r.Limits)
		if err != nil {
			continue // it will have no output
		}
		in.Close()
		_, ending, err := outputEnding(in.header, item, r.Format)
		if err != nil {
			continue
		}
		stem, _ := splitEnding(item.Rel)
		output := stem + r.suffixes(ending)[0] // of the others the same is true
		if other, ok := first[fold(output)]; ok {
			one, two := apart(other.Path, item.Path)
			list = append(list, fmt.Sprintf("  %s and %s: %s", one, two, QuoteName(output)))
			continue
		}
		first[fold(output)] = item
	}
	return list
}

// apart writes two names so that one sees the difference. Where they look the
// same, as an accent is a character of its own in one of them, both are quoted and
// what is not ASCII is escaped.
func apart(a, b string) (string, string) {
	stemA, _ := splitEnding(a)
	stemB, _ := splitEnding(b)
	if stemA != stemB && norm.NFC.String(stemA) == norm.NFC.String(stemB) {
		return strconv.QuoteToASCII(a), strconv.QuoteToASCII(b)
	}
	return QuoteName(a), QuoteName(b)
}
