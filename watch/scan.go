package watch

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/cae-restore/restore/pipeline"
)

// folder is what is remembered of one that has been entered.
type folder struct {
	real    string
	id      fileID
	watched bool              // it sends events
	earlier *pipeline.Earlier // what runs left in it; nil: nothing
}

// scanAll looks through the whole folder.
func (s *Source) scanAll(ctx context.Context) {
	if there, _ := s.root(); !there {
		s.schedule(true)
		return
	}
	for rel := range s.folders {
		if s.replaced(rel) {
			s.drop(rel)
		}
	}
	generation := s.generation.Add(1)
	s.scan(ctx, ".", true)
	if ctx.Err() == nil && s.away == nil {
		for _, rel := range s.unseen(generation) {
			s.look(rel, false, false)
		}
		s.settle(true)
	}
	s.schedule(true)
}

// now is the number of the current scan.
func (s *Source) now() uint64 { return s.generation.Load() }

// replaced reports whether a known folder is no longer there, or is another.
func (s *Source) replaced(rel string) bool {
	info, err := os.Stat(s.path(rel))
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	return !info.IsDir() || idOf(info) != s.folders[rel].id
}

// drop forgets a folder and those in it, and ends their watches. Files in them
// are looked at and forgotten if they are gone.
func (s *Source) drop(rel string) {
	for known, f := range s.folders {
		if known == rel || rel == "." || strings.HasPrefix(known, rel+"/") {
			if f.watched {
				_ = s.notifier.Remove(s.path(known)) // it has mostly ended by itself
			}
			delete(s.folders, known)
			delete(s.reals, f.real)
		}
	}
	for _, name := range s.under(rel) {
		s.look(name, false, false)
	}
}

// scan looks through a folder: each is watched first and read then, so that
// nothing can come in between. A known folder in it is entered only with deep.
// Links to folders come last, as in pipeline.NewFolder, so that what can be
// reached both ways keeps its place in the tree.
func (s *Source) scan(ctx context.Context, rel string, deep bool) {
	todo, links := []string{rel}, []string(nil)
	for link := false; len(todo) > 0; {
		at := todo[0]
		todo = todo[1:]
		if ctx.Err() != nil {
			return
		}
		if s.enter(at, link) {
			inner, more := s.read(at, deep)
			todo, links = append(inner, todo...), append(links, more...)
		}
		if len(todo) == 0 {
			slices.SortFunc(links, func(a, b string) int { return cmp.Compare(walkOrder(a), walkOrder(b)) })
			todo, links, link = links, nil, true
		}
	}
}

// enter watches a folder and reports whether it is to be read. None is entered
// under two names, so loops end, and none that is written to.
func (s *Source) enter(rel string, link bool) bool {
	name := s.path(rel)
	info, err := os.Stat(name)
	if err != nil || !info.IsDir() {
		return rel == "." // reading says why it cannot be read
	}
	real, err := pipeline.RealPath(name)
	if err != nil {
		return false
	}
	for _, own := range s.own {
		if _, inside := pipeline.Below(own, real); inside {
			if own == s.outAt && !s.toldOut {
				s.toldOut = true
				s.notify(Event{Kind: LeftOut, Path: name, Err: errors.New("it is the output folder, or in it")})
			}
			return false
		}
	}
	if link {
		if at, inside := pipeline.Below(real, s.real); inside && at != "." {
			s.leftOut(rel, "it is a link to a folder that the watched one lies in")
			return false
		}
		if at, inside := pipeline.Below(s.real, real); inside && !s.leaveOut(at) {
			return false // it is reached as what it is
		}
	}
	if other, known := s.reals[real]; known && other != rel {
		return false
	}
	var earlier *pipeline.Earlier
	if rel != "." {
		earlier = pipeline.EarlierIn(name)
	}
	switch {
	case earlier == nil:
	case earlier.Whole != "":
		s.leftOut(rel, "it is "+earlier.Whole)
		if s.folders[rel] != nil {
			for _, name := range s.under(rel) {
				s.forget(name)
			}
			s.drop(rel)
		}
		return false
	default:
		s.leftOut(rel, "it is the output folder of an earlier run, whose pictures are passed over")
	}
	f := s.folders[rel]
	if f == nil {
		f = &folder{}
		s.folders[rel] = f
	}
	f.real, f.id, f.earlier = real, idOf(info), earlier
	s.reals[real] = rel
	if s.notifier != nil {
		err := s.notifier.Add(name)
		if f.watched = err == nil; err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.cannotWatch(name, err)
		}
	}
	return true
}

// leftOut says once of a folder that it is not watched, or not all of it, and why.
func (s *Source) leftOut(rel, why string) {
	if !s.toldLeft[rel] {
		s.toldLeft[rel] = true
		s.notify(Event{Kind: LeftOut, Path: s.path(rel), Err: errors.New(why)})
	}
}

// made reports whether an earlier run made a file.
func (s *Source) made(rel string) bool {
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		if f := s.folders[dir]; f != nil && f.earlier.Made(strings.TrimPrefix(rel, dir+"/")) {
			return true
		}
	}
	return false
}

// madeSince is made for a file whose time has come: a run may have begun in its
// folder after that was entered.
func (s *Source) madeSince(rel string) bool {
	for dir := path.Dir(rel); dir != "."; dir = path.Dir(dir) {
		if f := s.folders[dir]; f != nil && f.earlier == nil {
			f.earlier = pipeline.EarlierIn(s.path(dir)) // until the next scan
		}
	}
	return s.made(rel)
}

// read takes note of what is in a folder, and returns the folders in it and the
// links to folders.
func (s *Source) read(dir string, deep bool) (inner, links []string) {
	key := dir + "/." // stands for the folder where it cannot be read
	entries, err := os.ReadDir(s.path(dir))
	switch {
	case err == nil:
		s.forget(key)
	case dir == ".":
		s.lose(err)
		return nil, nil
	case s.rootGone():
		s.rootAt = time.Now()
		return nil, nil
	case !errors.Is(err, fs.ErrNotExist):
		s.sawError(key, err, false, true, time.Now(), s.now())
	}
	for _, e := range entries {
		rel := path.Join(dir, e.Name())
		if s.leaveOut(rel) {
			continue
		}
		// The entry itself is not enough: Windows keeps old sizes in it.
		if !s.look(rel, false, false) {
			continue
		}
		switch {
		case e.Type()&fs.ModeSymlink != 0:
			links = append(links, rel)
		case deep || s.folders[rel] == nil || s.replaced(rel):
			inner = append(inner, rel)
		}
	}
	return inner, links
}

// walkOrder is a path in the form in which its order is that of a walk: what is
// in a folder comes before the folder's next neighbour.
func walkOrder(rel string) string { return strings.ReplaceAll(rel, "/", "\x00") }
