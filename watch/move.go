package watch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/cae-restore/restore/pipeline"
)

// numbered is the n-th name for a file where others have the name already:
// "1968/beach~2.jpg".
func numbered(rel string, n int) string {
	if n < 2 {
		return rel
	}
	ext := path.Ext(rel)
	if path.Base(rel) == ext { // ".jpg"
		ext = ""
	}
	return fmt.Sprintf("%s~%d%s", strings.TrimSuffix(rel, ext), n, ext)
}

// move moves a file that has ended, if that is wished, and reports whether it
// has. A failure is reported, and the file stays.
func (s *Source) move(res pipeline.Result, f *file) bool {
	var dir, rel string
	item := res.Item
	switch res.Outcome {
	case pipeline.Restored, pipeline.Copied, pipeline.Examined, pipeline.Current:
		dir, rel = s.MoveDone, item.Rel
	case pipeline.Failed:
		if kind := pipeline.KindOf(res.Err); kind == pipeline.KindInput || kind == pipeline.KindTransient { // else the file is not to blame
			dir, rel = s.MoveFailed, f.rel
		}
	}
	if dir == "" {
		return false
	}
	target, err := moveInto(dir, rel, item.Path, f.stamp)
	if err != nil {
		if !errors.Is(err, ErrLink) && !errors.Is(err, errMeanwhile) {
			err = pipeline.OutputError(err, "moved pictures", dir)
		}
		s.notify(Event{Kind: MoveFailed, Path: item.Path, Rel: f.rel, Target: dir, Err: err})
		return false
	}
	s.notify(Event{Kind: Moved, Path: item.Path, Rel: f.rel, Target: target})
	return true
}

// ErrLink is the error of a file that is not moved because it is a link.
var ErrLink = errors.New("it is a link; links are not moved")

var errMeanwhile = errors.New("it changed while it was copied")

// moveInto moves the file name, which must still be as st says, to dir/rel or
// the first numbered name that is free.
func moveInto(dir, rel, name string, st stamp) (target string, err error) {
	info, err := os.Lstat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", ErrLink
	}
	for n := 1; ; n++ {
		target = filepath.Join(dir, filepath.FromSlash(numbered(rel, n)))
		if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
			return "", err
		}
		err := pipeline.RenameNew(name, target)
		if crossesDevices(err) {
			err = copyOver(name, target, st)
		}
		switch {
		case err == nil:
			return target, nil
		case !errors.Is(err, fs.ErrExist):
			var both *os.LinkError
			if errors.As(err, &both) { // the file is named already
				err = fmt.Errorf("to %s: %w", pipeline.QuoteName(target), both.Err)
			}
			return "", err
		case same(name, target): // a move that was cut short between copy and removal
			return target, os.Remove(name)
		}
	}
}

// crossesDevices reports whether a rename failed because the two names lie on
// different file systems.
func crossesDevices(err error) bool {
	const errorNotSameDevice = syscall.Errno(17) // of Windows
	return errors.Is(err, syscall.EXDEV) || runtime.GOOS == "windows" && errors.Is(err, errorNotSameDevice)
}

// copyOver moves a file to another file system: it stands there whole and on the
// disk before the first is removed. An interruption leaves the first, and maybe
// a copy that same recognises.
func copyOver(name, target string, st stamp) error {
	from, err := os.Open(name)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".restore-move-*")
	if err != nil {
		return err
	}
	defer os.Remove(to.Name())
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if stampOf(info) != st {
		return errMeanwhile
	}
	_ = to.Chmod(info.Mode().Perm()) // a file system without modes is no reason to fail
	if err := os.Chtimes(to.Name(), info.ModTime(), info.ModTime()); err != nil {
		return err
	}
	if err := to.Sync(); err != nil {
		return err
	}
	if err := to.Close(); err != nil { // Windows renames no open file
		return err
	}
	if err := pipeline.RenameNew(to.Name(), target); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(target)); err == nil {
		_ = dir.Sync() // not all systems can
		dir.Close()
	}
	from.Close()
	return os.Remove(name)
}

// same reports whether two files have the same bytes and the same time.
func same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Lstat(b)
	if errA != nil || errB != nil || !infoB.Mode().IsRegular() || infoA.Size() != infoB.Size() || !infoA.ModTime().Equal(infoB.ModTime()) {
		return false
	}
	if os.SameFile(infoA, infoB) {
		return true
	}
	fa, err := os.Open(a)
	if err != nil {
		return false
	}
	defer fa.Close()
	fb, err := os.Open(b)
	if err != nil {
		return false
	}
	defer fb.Close()
	bufA, bufB := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, errA := io.ReadFull(fa, bufA)
		m, errB := io.ReadFull(fb, bufB)
		if n != m || !bytes.Equal(bufA[:n], bufB[:m]) {
			return false
		}
		if errA != nil || errB != nil {
			return end(errA) && end(errB)
		}
	}
}

func end(err error) bool { return err == io.EOF || err == io.ErrUnexpectedEOF }
