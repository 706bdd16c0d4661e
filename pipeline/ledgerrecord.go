package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// record is what the ledger holds of one item.
type record struct {
	Input    identity   `json:"input"`
	Mask     *identity  `json:"mask,omitempty"` // that came with it; nil where none did
	Pipeline string     `json:"pipeline"`       // Chain.Fingerprint
	Options  string     `json:"options"`        // of the output; see outputOptions
	Outcome  Outcome    `json:"outcome"`        // Restored, Copied, Examined or Failed
	Outputs  []fileName `json:"outputs,omitempty"`
	Time     time.Time  `json:"time"`
	Error    string     `json:"error,omitempty"` // of Failed; empty where a run was cut short between its outputs
}

// done reports whether the record is that of an item with outputs.
func (r *record) done() bool { return r != nil && r.Outcome != Failed && len(r.Outputs) > 0 }

// owned is what the ledger holds of one output: of which item it was made, and
// what it was when it was made. It stays when the item gets other outputs.
type owned struct {
	Item fileName `json:"item"` // its key
	identity
}

// intent is what the ledger holds of an item from before its files are renamed
// until its record is written.
type intent struct {
	Record record       `json:"record"` // what is true once all files have their names
	Files  []intentFile `json:"files"`
}

type intentFile struct {
	Name fileName `json:"name"`
	Temp fileName `json:"temp"`
	identity
}

// identity is that by which a file is known again. Unchanged size, time and
// inode stand for unchanged content; where they differ, the hash decides.
type identity struct {
	Size  int64  `json:"size"`            // bytes
	Time  int64  `json:"mtime"`           // of the last change, in nanoseconds since 1970
	Inode uint64 `json:"inode,omitempty"` // 0 where the system has none
	Hash  string `json:"sha256"`          // of the content, in hexadecimal
}

func identityOf(info fs.FileInfo, hash string) identity {
	return identity{Size: info.Size(), Time: info.ModTime().UnixNano(), Inode: inodeOf(info), Hash: hash}
}

// comparison is the outcome of identity.compare.
type comparison int

const (
	gone    comparison = iota // no file stands there
	same                      // the file is as it was
	touched                   // its content is as it was, its time or inode is not
	changed                   // it is another file, or no file
)

// compare looks at the file of that name. It is read only where it has the size
// but another time or inode, or with always. now is what it is now, for touched.
func (id identity) compare(name string, always bool) (now identity, c comparison, err error) {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return now, gone, nil
	case err != nil:
		return now, changed, err
	case !info.Mode().IsRegular() || info.Size() != id.Size:
		return now, changed, nil
	}
	now = identityOf(info, id.Hash)
	if now == id && !always {
		return now, same, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return now, changed, err
	}
	defer f.Close()
	hash, err := hashOf(f)
	switch {
	case err != nil || hash != id.Hash:
		return now, changed, err
	case now == id:
		return now, same, nil
	}
	return now, touched, nil
}

// hashOf hashes all of a file.
func hashOf(f io.ReadSeeker) (string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// fileName is a string that JSON leaves as it is: names of files may hold bytes
// that are no UTF-8.
type fileName string

// MarshalText implements encoding.TextMarshaler.
func (n fileName) MarshalText() ([]byte, error) {
	if s := string(n); !utf8.ValidString(s) || strings.HasPrefix(s, `"`) {
		return []byte(strconv.QuoteToASCII(s)), nil
	}
	return []byte(n), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *fileName) UnmarshalText(text []byte) error {
	s := string(text)
	if strings.HasPrefix(s, `"`) {
		var err error
		if s, err = strconv.Unquote(s); err != nil {
			return err
		}
	}
	*n = fileName(s)
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// pack writes a value of the ledger: a checksum over key and JSON, then the
// JSON. The database itself has checksums for its first two pages alone.
func pack(key string, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types above can all be written
	}
	return append(binary.LittleEndian.AppendUint32(nil, checksum(key, text)), text...)
}

func checksum(key string, text []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(key), castagnoli), castagnoli, text)
}

// sound compares a value with its checksum.
func sound(key string, data []byte) error {
	if len(data) < 4 || binary.LittleEndian.Uint32(data) != checksum(key, data[4:]) {
		return fmt.Errorf("the record of %q has a wrong checksum", key)
	}
	return nil
}

// unpack is the inverse of pack.
func unpack(key string, data []byte, v any) error {
	if err := sound(key, data); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data[4:]))
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("the record of %q: %w", key, err)
	}
	return nil
}
