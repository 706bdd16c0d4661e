package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// DirSink is a Sink that writes into a folder, with the tree of the inputs kept.
//
// Each file is written under a hidden name beside its place, brought to the
// disk (fsync), given the mode and time of its input, and renamed. So a file
// with a name is whole, whatever ends the process. The folder itself is
// synchronised by the ledger, if there is one: without, a file may be missing
// after a loss of power, and is then made again by the next run.
type DirSink struct {
	dir   string
	swept sync.Map // folder -> *sync.Once, for the files that dead runs left
	alone bool     // no other run works on the folder: whatever is left in it is of a dead one

	renamed func(target string) // for tests: called when a file has its name
}

// NewDirSink returns a sink for a folder, which need not exist. It touches
// nothing yet.
func NewDirSink(dir string) (*DirSink, error) {
	if dir == "" {
		return nil, usagef("no output folder given")
	}
	return &DirSink{dir: dir}, nil
}

// Open implements Opener. It makes the folder where it does not exist, and
// finds out whether it can be written: an error is of KindEnvironment.
func (s *DirSink) Open() error {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return notWritable(s.dir, err)
	}
	probe, err := createTemp(filepath.Join(s.dir, "probe"))
	if err != nil {
		return notWritable(s.dir, err)
	}
	discard(probe)
	return nil
}

func notWritable(dir string, err error) error {
	return &Error{Kind: KindEnvironment, Err: fmt.Errorf("the output folder %s cannot be written: %w; choose another or change its rights", dir, err)}
}

// workAlone tells the sink that no other run works on its folder.
func (s *DirSink) workAlone() {
	s.alone = true
	s.sweep(s.dir) // a kill while Open probed the folder may have left its file
}

// sweep removes what dead runs left in a folder, once.
func (s *DirSink) sweep(dir string) {
	once, _ := s.swept.LoadOrStore(dir, new(sync.Once))
	once.(*sync.Once).Do(func() { sweep(dir, s.alone) })
}

// Begin implements Sink.
func (s *DirSink) Begin(_ context.Context, item Item) (Batch, error) {
	rel := filepath.FromSlash(item.Rel)
	if !filepath.IsLocal(rel) {
		return nil, fmt.Errorf("the relative path %q leads out of the output folder", item.Rel)
	}
	stem, _ := splitEnding(item.Rel)
	b := &dirBatch{sink: s, item: item, stem: filepath.Join(s.dir, filepath.FromSlash(stem))}
	return b, nil
}

type dirBatch struct {
	sink  *DirSink
	item  Item
	stem  string // path of the outputs without suffix
	files []*dirFile
}

type dirFile struct {
	*os.File
	suffix, target string
	replace        bool
}

// Path implements Batch.
func (b *dirBatch) Path(suffix string) string { return b.stem + suffix }

// Stat implements Batch. A link counts as what it is: a file that stands there.
func (b *dirBatch) Stat(suffix string) (fs.FileInfo, error) {
	info, err := os.Lstat(b.Path(suffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if target, err := os.Stat(b.Path(suffix)); err == nil {
			return target, nil
		}
	}
	return info, b.sink.lost(outputError(err))
}

// lost tells whether the output folder itself is no folder any more: then nothing
// can go on, whatever the picture.
func (s *DirSink) lost(err error) error {
	if err == nil {
		return nil
	}
	if info, e := os.Stat(s.dir); e == nil && !info.IsDir() {
		return &Error{Kind: KindEnvironment, Err: fmt.Errorf("the output folder %s is no folder any more: put that right and start again", QuoteName(s.dir))}
	}
	return err
}

// Create implements Batch.
func (b *dirBatch) Create(suffix string) (Output, error) {
	target := b.Path(suffix)
	if suffix != path.Base(suffix) && suffix != "" || strings.ContainsRune(suffix, filepath.Separator) {
		return nil, fmt.Errorf("the suffix %q holds a path", suffix)
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o777); err != nil {
		return nil, b.sink.lost(outputError(err))
	}
	dir := filepath.Dir(target)
	b.sink.sweep(dir)
	f, err := createTemp(target)
	if err != nil {
		return nil, outputError(err)
	}
	b.files = append(b.files, &dirFile{File: f, suffix: suffix, target: target})
	return f, nil
}

// Seal implements Batch.
func (b *dirBatch) Seal() error {
	for _, f := range b.files {
		if err := b.finish(f); err != nil {
			return outputError(err)
		}
	}
	return nil
}

// Files implements Batch.
func (b *dirBatch) Files() ([]BatchFile, error) {
	var files []BatchFile
	for _, f := range b.files {
		info, err := f.Stat()
		if err != nil {
			return nil, err
		}
		files = append(files, BatchFile{Suffix: f.suffix, Path: f.target, Temp: f.Name(), Info: info})
	}
	return files, nil
}

// Replace implements Batch.
func (b *dirBatch) Replace(suffix string) {
	for _, f := range b.files {
		f.replace = f.replace || f.suffix == suffix
	}
}

// Commit implements Batch.
func (b *dirBatch) Commit(replace bool) error {
	defer b.Abort()
	var made []string
	for _, f := range b.files {
		if runtime.GOOS == "windows" { // which renames no open file
			f.Close()
		}
		if err := rename(f.Name(), f.target, replace || f.replace); err != nil {
			for _, name := range made {
				os.Remove(name)
			}
			return outputError(err)
		}
		if !replace && !f.replace {
			made = append(made, f.target)
		}
		if b.sink.renamed != nil {
			b.sink.renamed(f.target)
		}
	}
	return nil
}

// finish makes the file what it will be under its name. The time comes last,
// as writing changes it.
func (b *dirBatch) finish(f *dirFile) error {
	if err := f.Sync(); err != nil {
		return err
	}
	// A file system without modes or times (FAT) is no reason to fail.
	_ = f.Chmod(b.item.Mode.Perm())
	if !b.item.ModTime.IsZero() {
		_ = os.Chtimes(f.Name(), b.item.ModTime, b.item.ModTime)
	}
	return nil
}

// Abort implements Batch. After Commit the temporary names are gone, and only
// the files are closed.
func (b *dirBatch) Abort() {
	for _, f := range b.files {
		discard(f.File)
	}
	b.files = nil
}

// discard removes a temporary file while it is still locked, then closes it.
func discard(f *os.File) {
	os.Remove(f.Name())
	f.Close()
}
