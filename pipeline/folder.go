package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// FolderOptions are the options of NewFolder.
type FolderOptions struct {
	// Exclude lists patterns of path.Match for what to leave out. One without
	// a slash is matched against the names of files and folders at any depth
	// ("*.bak", "thumbs"), one with a slash against the path below an input
	// folder ("1968/raw-*"). Whatever is in an excluded folder is left out.
	// Files that are named as inputs are never excluded.
	Exclude []string

	// Out is the output folder, or empty. It may not lie inside an input
	// folder, unless Exclude leaves it out there: else a second run would take
	// the outputs of the first for inputs.
	Out string

	// Masks lists what Options.Mask and Options.Masks name: files and folders that
	// are no inputs where they lie in an input folder, unless they are named as
	// inputs. Notes tells of those that were passed over. An input folder that is
	// one of them is an error.
	Masks []string
}

// Folder is a Source of files, folders and glob patterns. It looks through
// them once, when it is made.
type Folder struct {
	found     []found
	notes     []string
	unmatched []Unmatched
}

type found struct {
	Item
	err error
}

// NewFolder lists the pictures in inputs: files, folders with all that is in
// them, and patterns of filepath.Match for either. The items come in the order
// of their relative paths, whatever the file system's own order is.
//
// Hidden files, what systems leave behind (Thumbs.db) and everything that is no
// regular file are passed over, and so is, in the folders below an input, what
// earlier runs made (see EarlierIn). Links are followed, but no folder is entered a
// second time, so loops end, and none that holds the input folder itself; Notes
// tells of both. An input that does not exist, a pattern that
// matches nothing and an output folder inside an input folder are errors of
// KindUsage. What cannot be looked at in a folder or under a name that a pattern
// matches, such as a link that leads nowhere, becomes a failed item.
func NewFolder(inputs []string, o FolderOptions) (*Folder, error) {
	if len(inputs) == 0 {
		return nil, usagef("no input given: name files, folders or patterns")
	}
	if err := (Rules{o.Exclude}).Check(); err != nil {
		return nil, err
	}
	w := &walker{exclude: o.Exclude, used: make([]bool, len(o.Exclude)), entered: map[string]bool{}}
	if o.Out != "" {
		out, err := realPath(o.Out)
		if err != nil {
			return nil, notWritable(o.Out, err) // a file stands in its path
		}
		w.out = out
	}
	for _, name := range o.Masks {
		if info, err := os.Stat(name); err == nil { // else CheckMasks says it
			w.masks = append(w.masks, info)
		}
	}
	for _, input := range inputs {
		if err := w.input(input); err != nil {
			return nil, &Error{Kind: KindUsage, Err: err}
		}
	}
	w.sort()
	return &Folder{w.found, w.notes, w.unmatched(inputs)}, nil
}

// Items implements Source.
func (s *Folder) Items(ctx context.Context) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for _, f := range s.found {
			if ctx.Err() != nil || !yield(f.Item, f.err) {
				return
			}
		}
	}
}

// List implements Lister.
func (s *Folder) List() []Item {
	list := make([]Item, len(s.found))
	for i, f := range s.found {
		list[i] = f.Item
	}
	return list
}

// Notes returns what the user should know of what was passed over, a line each.
func (s *Folder) Notes() []string { return s.notes }

// Done implements Source. A folder needs no telling.
func (s *Folder) Done(Result) {}

type walker struct {
	exclude []string
	used    []bool          // patterns of exclude that left something out; nil: nobody asks
	out     string          // real path of the output folder, or empty
	masks   []fs.FileInfo   // files and folders of masks
	base    string          // real path of the input folder
	entered map[string]bool // real paths of folders
	links   []link          // to folders, to be entered after all else
	earlier []earlierAt     // what the folders that the walk is in have of earlier runs
	found   []found
	notes   []string
}

// earlierAt is what earlier runs left in the folder rel.
type earlierAt struct {
	*Earlier
	rel string
	n   int // pictures of it that were passed over
}

type link struct{ root, dir, rel string }

// input takes one argument: what exists under this name, else a pattern.
func (w *walker) input(input string) error {
	info, err := os.Stat(input)
	if err == nil {
		return w.named(input, info)
	}
	if !errors.Is(err, fs.ErrNotExist) || !strings.ContainsAny(input, "*?[") {
		return inputError(input, err)
	}
	matches, err := filepath.Glob(input)
	if err != nil {
		return fmt.Errorf("input %q: the pattern is malformed", input)
	}
	slices.Sort(matches)
	any := false
	for _, match := range matches {
		base := filepath.Base(match)
		if w.excluded(base) || passedOver(base) {
			continue
		}
		info, err := os.Stat(match)
		switch {
		case err != nil: // as in a folder: one failed picture, and the run goes on
			w.found = append(w.found, found{Item{Path: match, Rel: base}, dangling(match, err)})
		case w.passMask(match, info):
		case info.IsDir():
			if err := w.root(match, false); err != nil {
				return err
			}
		case info.Mode().IsRegular():
			w.add(match, base, info, false)
		default:
			continue
		}
		any = true
	}
	if !any {
		return fmt.Errorf("input %q: nothing matches the pattern", input)
	}
	return nil
}

func inputError(input string, err error) error {
	return fmt.Errorf("input: %w", &Error{Item: input, Err: dangling(input, err)})
}

// dangling says of a name that leads nowhere, in plain words, whether it is a
// link.
func dangling(name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if target, err := os.Readlink(name); err == nil {
		return fmt.Errorf("it is a link to %s, which is not there", QuoteName(target))
	}
	return nothingThere{}
}

// nothingThere is fs.ErrNotExist in plain words.
type nothingThere struct{}

func (nothingThere) Error() string        { return "there is no such file or folder" }
func (nothingThere) Is(target error) bool { return target == fs.ErrNotExist }

// named takes one file or folder that stands on the command line itself.
func (w *walker) named(input string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return w.root(input, true)
	case info.Mode().IsRegular():
		w.add(input, filepath.Base(input), info, true)
		return nil
	default:
		return fmt.Errorf("input %s is neither a file nor a folder", input)
	}
}

// root walks an input folder and then the folders that links in it lead to.
// Those come last so that a picture which can be reached both ways keeps its
// place in the tree. named tells that the user named this very folder, and so
// wants what earlier runs made in it too.
func (w *walker) root(dir string, named bool) error {
	real, err := realPath(dir)
	if err != nil {
		return fmt.Errorf("input: %w", err)
	}
	if w.out != "" {
		if rel, inside := below(real, w.out); inside && !w.excluded(rel) {
			return w.outInside(dir)
		}
	}
	if info, err := os.Stat(dir); err == nil && w.isMask(info) {
		return fmt.Errorf("the input folder %s is that of the masks, so each picture would be its own mask; put the masks into another", QuoteName(dir))
	}
	// Each root has paths of its own, so what an earlier one has entered does
	// not count.
	clear(w.entered)
	w.base = real
	if err := w.walk(dir, dir, "", named); err != nil {
		return err
	}
	for len(w.links) > 0 {
		next := w.links
		w.links = nil
		for _, l := range next {
			if w.above(l.dir) {
				continue
			}
			if err := w.walk(l.root, l.dir, l.rel, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// above reports whether a link leads to a folder that the input folder lies in: it
// would bring in far more than the user named.
func (w *walker) above(link string) bool {
	real, err := realPath(link)
	if err != nil {
		return false
	}
	rel, inside := below(real, w.base)
	if !inside || rel == "." { // the input folder itself has been walked
		return false
	}
	w.note("passed over %s: a link to a folder that the input folder lies in", QuoteName(link))
	return true
}

// isMask reports whether a file or folder is one of masks.
func (w *walker) isMask(info fs.FileInfo) bool {
	return slices.ContainsFunc(w.masks, func(m fs.FileInfo) bool { return os.SameFile(m, info) })
}

// passMask reports whether a file or folder is one of masks, and notes that it was
// passed over.
func (w *walker) passMask(name string, info fs.FileInfo) bool {
	if !w.isMask(info) {
		return false
	}
	what := "the mask"
	if info.IsDir() {
		what = "the folder of the masks"
	}
	w.note("passed over %s: %s", QuoteName(name), what)
	return true
}

func (w *walker) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(w.notes, text) {
		w.notes = append(w.notes, text)
	}
}

func (w *walker) outInside(dir string) error {
	return fmt.Errorf("the output folder lies inside the input folder %s, where the next run would take it for input; "+
		"choose another, or leave it out with --exclude", dir)
}

// walk takes what is in dir. named is as of root.
func (w *walker) walk(root, dir, rel string, named bool) error {
	real, err := realPath(dir)
	if err == nil && w.entered[real] {
		return nil
	}
	if err == nil && real == w.out && rel != "" {
		return w.outInside(root)
	}
	w.entered[real] = true
	if !named {
		leave, more := w.enter(dir, rel)
		if !more {
			return nil
		}
		defer leave()
	}
	entries, err := os.ReadDir(dir)
	if err != nil { // the entries read before the error are taken all the same
		w.found = append(w.found, found{Item{Path: dir, Rel: path.Join(rel, ".")}, err})
	}
	for _, e := range entries {
		name, at := filepath.Join(dir, e.Name()), path.Join(rel, e.Name())
		if w.excluded(at) || passedOver(e.Name()) {
			continue
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
			w.found = append(w.found, found{Item{Path: name, Rel: at}, dangling(name, err)})
		case w.passMask(name, info):
		case info.IsDir() && e.Type()&fs.ModeSymlink != 0:
			w.links = append(w.links, link{root, name, at})
		case info.IsDir():
			if err := w.walk(root, name, at, false); err != nil {
				return err
			}
		case info.Mode().IsRegular() && !w.made(at):
			w.add(name, at, info, false)
		}
	}
	return nil
}

func (w *walker) add(name, rel string, info fs.FileInfo, outright bool) {
	w.found = append(w.found, found{Item: Item{Path: name, Rel: rel, Named: outright,
		Size: info.Size(), ModTime: info.ModTime(), Mode: info.Mode()}})
}

// sort puts the items in the order of their relative paths and drops those that
// are there twice: the same file under the same name. Of those, the one that
// was named stays.
func (w *walker) sort() {
	slices.SortStableFunc(w.found, func(a, b found) int {
		order := cmp.Or(cmp.Compare(a.Rel, b.Rel), cmp.Compare(filepath.Clean(a.Path), filepath.Clean(b.Path)))
		if order == 0 && a.Named != b.Named {
			if a.Named {
				return -1
			}
			return 1
		}
		return order
	})
	w.found = slices.CompactFunc(w.found, func(a, b found) bool {
		return a.Rel == b.Rel && filepath.Clean(a.Path) == filepath.Clean(b.Path) && (a.err == nil) == (b.err == nil)
	})
}
