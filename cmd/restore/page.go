package main

import (
	"fmt"
	"io"
	"strings"
)

// page is a text of headings, paragraphs, lists and code, which can be written
// for man(7) and as Markdown. In all its texts, what stands in backquotes is to
// be typed as it is, and what em returns is to be replaced.
type page []any

type (
	heading struct {
		level int // 1 or 2
		text  string
	}
	para  string
	code  string // lines
	entry struct{ term, text string }
	list  []entry
)

// The marks of em stand for themselves in no text.
const emOn, emOff = "\x01", "\x02"

func em(text string) string { return emOn + text + emOff }

func (p *page) section(text string)          { *p = append(*p, heading{1, text}) }
func (p *page) subsection(text string)       { *p = append(*p, heading{2, text}) }
func (p *page) para(f string, args ...any)   { *p = append(*p, para(fmt.Sprintf(f, args...))) }
func (p *page) code(lines ...string)         { *p = append(*p, code(strings.Join(lines, "\n"))) }
func (p *page) list(entries ...entry)        { *p = append(*p, list(entries)) }
func (p *page) described(description string) { *p = append(*p, blocksOf(description)...) }

// blocksOf takes a verb's description apart: lines that begin with two blanks
// are code, the others are one paragraph.
func blocksOf(description string) page {
	var out page
	for line := range strings.Lines(description) {
		line = strings.TrimSuffix(line, "\n")
		text, indented := strings.CutPrefix(line, "  ")
		switch last := len(out) - 1; {
		case line == "":
		case indented:
			if last >= 0 {
				if c, ok := out[last].(code); ok {
					out[last] = c + "\n" + code(text)
					continue
				}
			}
			out = append(out, code(text))
		default:
			if last >= 0 {
				if p, ok := out[last].(para); ok && !beginsAnew(string(p), line) {
					out[last] = p + " " + para(line)
					continue
				}
			}
			out = append(out, para(line))
		}
	}
	return out
}

// beginsAnew reports whether a line of a description begins a paragraph: one
// on an option, or after a line that ends with no mark.
func beginsAnew(before, line string) bool {
	capital := line[:1] != strings.ToLower(line[:1])
	return strings.HasPrefix(strings.Trim(line, "`"), "--") && strings.HasSuffix(before, ".") || strings.HasPrefix(line, "Exit codes") ||
		capital && !strings.ContainsAny(before[len(before)-1:], ".,:;")
}

// writeRoff writes the page for man(7), in ASCII, which every roff reads. head
// are the arguments of .TH.
func (p page) writeRoff(w io.Writer, head ...string) error {
	var b strings.Builder
	b.WriteString(".TH")
	for _, h := range head {
		fmt.Fprintf(&b, " \"%s\"", roffText(h))
	}
	// Neither hyphens nor blanks come into words that are to be typed.
	b.WriteString("\n.nh\n.ad l\n")
	afterHeading := false // where a paragraph needs no beginning
	for _, block := range p {
		switch block := block.(type) {
		case heading:
			name, text := ".SH", roffText(block.text)
			if block.level == 2 {
				name = ".SS"
			}
			fmt.Fprintf(&b, "%s \"%s\"\n", name, text)
		case para:
			if !afterHeading {
				b.WriteString(".PP\n")
			}
			b.WriteString(filled(roffLine(string(block))))
		case code:
			if !afterHeading {
				b.WriteString(".PP\n")
			}
			b.WriteString(".RS 4\n.nf\n")
			for line := range strings.Lines(string(block)) {
				b.WriteString(roffLine("`" + strings.TrimSuffix(line, "\n") + "`"))
			}
			b.WriteString(".fi\n.RE\n")
		case list:
			for _, e := range block {
				b.WriteString(".TP\n" + roffLine(e.term) + filled(roffLine(e.text)))
			}
		}
		_, afterHeading = block.(heading)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// filled breaks a line of input at blanks, to what editors show.
func filled(line string) string {
	const most = 78
	var b strings.Builder
	at := 0
	for i, word := range strings.Fields(line) {
		switch {
		case i == 0:
		case at+1+len(word) > most:
			b.WriteByte('\n')
			at = 0
			if word[0] == '.' {
				b.WriteString(`\&`)
			}
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String() + "\n"
}

// roffLine writes text as a line of input, with its marks as fonts.
func roffLine(text string) string {
	var b strings.Builder
	literal := false
	for i, part := range strings.Split(text, "`") {
		literal = i%2 == 1
		part = roffText(part)
		if literal && part != "" {
			part = `\fB` + strings.ReplaceAll(part, "-", `\-`) + `\fR`
		}
		b.WriteString(part)
	}
	line := strings.NewReplacer(emOn, `\fI`, emOff, `\fR`).Replace(b.String())
	if strings.HasPrefix(line, ".") { // it would be a request
		line = `\&` + line
	}
	return line + "\n"
}

// roffText hides from roff what it would read as something else.
func roffText(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '"':
			b.WriteString(`\(dq`)
		case r == '\'':
			b.WriteString(`\(aq`)
		case r == '^':
			b.WriteString(`\(ha`)
		case r == '~':
			b.WriteString(`\(ti`)
		case r == '\n':
			b.WriteByte(' ')
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// writeMarkdown writes the page as Markdown below the given title.
func (p page) writeMarkdown(w io.Writer, title string) error {
	var b strings.Builder
	b.WriteString("# " + title + "\n")
	for _, block := range p {
		b.WriteByte('\n')
		switch block := block.(type) {
		case heading:
			text := block.text
			if block.level == 1 {
				text = text[:1] + strings.ToLower(text[1:])
			}
			b.WriteString(strings.Repeat("#", block.level+1) + " " + markdownLine(text) + "\n")
		case para:
			b.WriteString(markdownLine(string(block)) + "\n")
		case code:
			b.WriteString("```sh\n" + string(block) + "\n```\n")
		case list:
			for _, e := range block {
				b.WriteString("- " + markdownLine(e.term) + ": " + markdownLine(e.text) + "\n")
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownLine hides from Markdown what it would read as something else, but
// for what stands in backquotes.
func markdownLine(text string) string {
	var b strings.Builder
	escape := strings.NewReplacer("*", `\*`, "_", `\_`, "<", `\<`, "[", `\[`, "\n", " ", emOn, "*", emOff, "*")
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			b.WriteString("`" + part + "`")
			continue
		}
		b.WriteString(escape.Replace(part))
	}
	return b.String()
}
