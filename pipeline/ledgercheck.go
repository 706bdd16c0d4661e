package pipeline

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	bolt "go.etcd.io/bbolt"
)

// ofSystem reports whether an error is one that the system gave. Not all errors of
// the database have a name by which to tell them.
func ofSystem(err error) bool {
	var path *fs.PathError
	var number syscall.Errno
	return errors.As(err, &path) || errors.As(err, &number) || errors.Is(err, errors.ErrUnsupported)
}

// check tells whether the database is whole, and of the format known here.
func (l *records) check() error {
	info, err := os.Stat(l.path)
	if err != nil {
		return err
	}
	l.opened = info
	return l.view(func(tx *bolt.Tx) error {
		if info.Size() < tx.Size() {
			return l.damaged(fmt.Errorf("it has %d bytes instead of %d", info.Size(), tx.Size()))
		}
		for _, name := range [][]byte{metaBucket, itemBucket, outputBucket, intentBucket} {
			if tx.Bucket(name) == nil {
				return l.damaged(fmt.Errorf("it has no part %q", name))
			}
		}
		text := string(tx.Bucket(metaBucket).Get([]byte("format")))
		format, err := strconv.Atoi(text)
		switch {
		case err != nil || format < 1:
			return l.damaged(fmt.Errorf("its format is %q", text))
		case format > ledgerFormat:
			return fmt.Errorf("the ledger %s was written by a newer version of this program (format %d; this one knows %d); use that version, or another output folder",
				QuoteName(l.path), format, ledgerFormat)
		}
		return l.verify(tx)
	})
}

// damaged is the error of a ledger that cannot be trusted any more.
func (l *records) damaged(err error) error {
	return &Error{Kind: KindEnvironment, Err: fmt.Errorf("the ledger %s is damaged: %w; put back a copy of it, or move it away: "+
		"a run without it leaves all outputs alone that are there, unless --overwrite is given", QuoteName(l.path), err)}
}

// counted are the buckets whose numbers of keys stand in the bucket "meta", as
// "count of NAME". The database keeps no checksums of its pages: one that is damaged
// may lose keys and look whole, and what was made by us would be foreign.
var counted = [][]byte{itemBucket, outputBucket, intentBucket}

func countOf(bucket []byte) []byte { return append([]byte("count of "), bucket...) }

// putIn stores a value and keeps count of the keys; nil takes the key away.
func putIn(tx *bolt.Tx, bucket []byte, key string, value []byte) error {
	b, meta := tx.Bucket(bucket), tx.Bucket(metaBucket)
	before, after := b.Get([]byte(key)) != nil, value != nil
	var err error
	if after {
		err = b.Put([]byte(key), value)
	} else {
		err = b.Delete([]byte(key))
	}
	if err != nil || before == after {
		return err
	}
	n := int64(1)
	if before {
		n = -1
	}
	if old := meta.Get(countOf(bucket)); len(old) == 8 {
		n += int64(binary.LittleEndian.Uint64(old))
	}
	return meta.Put(countOf(bucket), binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

// verify reads all keys and values: their order, their checksums, and whether there
// are as many as were stored. It takes some milliseconds for ten thousand pictures.
func (l *records) verify(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	for _, bucket := range counted {
		var n uint64
		var last []byte
		err := tx.Bucket(bucket).ForEach(func(key, data []byte) error {
			if n > 0 && bytes.Compare(last, key) >= 0 {
				return l.damaged(fmt.Errorf("its %s are out of order", bucket))
			}
			if err := sound(string(key), data); err != nil {
				return l.damaged(err)
			}
			last = append(last[:0], key...)
			n++
			return nil
		})
		if err != nil {
			return err
		}
		var want uint64
		if data := meta.Get(countOf(bucket)); len(data) == 8 {
			want = binary.LittleEndian.Uint64(data)
		}
		if n != want {
			return l.damaged(fmt.Errorf("it has %d %s instead of %d", n, bucket, want))
		}
	}
	return nil
}

// present makes sure that the file of the ledger stands where it was opened. What
// is stored in one that was removed would be gone with the process.
func (l *records) present() error {
	info, err := os.Stat(l.path)
	if err == nil && !os.SameFile(info, l.opened) {
		err = errors.New("another file has its name")
	}
	if err != nil {
		return &Error{Kind: KindEnvironment, Err: fmt.Errorf("the ledger %s was taken away while the run was at work (%w): what was made since is not in it; start again",
			QuoteName(l.path), err)}
	}
	return nil
}

// elsewhere is the name of the file in OUT/.restore that says where the ledger is,
// if it is not there.
const elsewhere = "ledger-is-in"

// pointer keeps a run from beginning a second ledger where another folder has the
// first: to it, all outputs would be foreign.
func (l *records) pointer(dir string) error {
	own := filepath.Join(l.out, ledgerDir)
	file := filepath.Join(own, elsewhere)
	if dir == own {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil // there is none
		}
		if _, err := os.Stat(filepath.Join(string(text), ledgerName)); err != nil {
			return nil // and that one has gone
		}
		return &Error{Kind: KindUsage, Err: fmt.Errorf("the ledger of %s is in another folder: give --state %s again, or remove %s to begin a new one",
			QuoteName(l.out), QuoteName(string(text)), QuoteName(file))}
	}
	if l.read {
		return nil
	}
	real, err := realPath(dir)
	if err != nil {
		return err
	}
	if text, err := os.ReadFile(file); err == nil && string(text) == real {
		return nil
	}
	return os.WriteFile(file, []byte(real), 0o666)
}
