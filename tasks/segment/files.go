package segment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cae-restore/restore/pix"
	"github.com/cae-restore/restore/tasks"
)

// fileKind is a kind of extra file.
type fileKind int

const (
	labelsFile fileKind = iota
	overlayFile
	maskFile
	fileKinds
)

// fileNames are the kinds in words; files have them as endings.
var fileNames = [fileKinds]string{"labels", "overlay", "mask"}

func (k fileKind) suffix() string { return "." + fileNames[k] + ".png" }

// Files says which extra files to write. The zero value is auto: labels and overlay
// where no step changes the picture, else none.
type Files struct {
	chosen bool // not auto
	write  files
}

// files are the extra files to write.
type files [fileKinds]bool

// UnmarshalText reads auto, none, or names of files joined by "+".
func (f *Files) UnmarshalText(text []byte) error {
	var out Files
	switch word := string(text); word {
	case "auto":
	case "none":
		out.chosen = true
	default:
		out.chosen = true
		for _, name := range strings.Split(word, "+") {
			k := slices.Index(fileNames[:], strings.TrimSpace(name))
			if k < 0 {
				return fmt.Errorf("%q is none of the files; there are %s, which + joins, and by themselves auto and none", name, strings.Join(fileNames[:], ", "))
			}
			out.write[k] = true
		}
	}
	*f = out
	return nil
}

// MarshalText is the inverse of UnmarshalText.
func (f Files) MarshalText() ([]byte, error) {
	var words []string
	for k, name := range fileNames {
		if f.write[k] {
			words = append(words, name)
		}
	}
	switch {
	case !f.chosen:
		return []byte("auto"), nil
	case len(words) == 0:
		return []byte("none"), nil
	}
	return []byte(strings.Join(words, "+")), nil
}

// files reads the option; alone tells that no step changes the picture.
func (f Files) files(alone bool) files {
	if f.chosen {
		return f.write
	}
	return files{labelsFile: alone, overlayFile: alone}
}

// suffixes are the endings of the files.
func (f files) suffixes() []string {
	var list []string
	for k, write := range f {
		if write {
			list = append(list, fileKind(k).suffix())
		}
	}
	return list
}

// picture makes the file of a kind.
func (k fileKind) picture(m *pix.Image, found *classes, planes map[string]*pix.Plane) *pix.Image {
	switch k {
	case labelsFile:
		return labelsPicture(planes["labels"])
	case overlayFile:
		return tinted(m, found.class)
	}
	return maskPicture(planes["mask"], m.Meta.Orientation)
}

// unused says which options have no part in the files, where nobody takes the mask.
func (o *Options) unused(f files) string {
	if f[maskFile] || f == (files{}) {
		return ""
	}
	var names []string
	if o.Classes != (Classes{}) {
		names = append(names, "classes")
	}
	if o.Grow != defaultGrow {
		names = append(names, "grow")
	}
	switch len(names) {
	case 0:
		return ""
	case 1:
		return names[0] + " shapes the mask, which is not among the files: add mask to files"
	}
	return strings.Join(names, " and ") + " shape the mask, which is not among the files: add mask to files"
}

// remark is a note of what the user may have meant otherwise.
func remark(text string) tasks.Note {
	return tasks.Note{Step: "segment", Key: tasks.Remark, Value: text}
}
