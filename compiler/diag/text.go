package diag

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The colours of the text format.
const (
	bold   = "\x1b[1m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	cyan   = "\x1b[36m"
	reset  = "\x1b[0m"
)

// A textWriter prints findings for people.
type textWriter struct {
	*bufio.Writer
	Options
	files map[string][][]byte // what Source has returned, in lines
}

func writeText(w io.Writer, l List, o Options) error {
	t := textWriter{Writer: bufio.NewWriter(w), Options: o, files: map[string][][]byte{}}
	for _, f := range l {
		t.finding(f)
	}
	return t.Flush()
}

func (t textWriter) finding(f Finding) {
	severity := f.Severity.String()
	fmt.Fprintf(t, "%s: %s: %s [%s]\n", t.paint(bold, place(f.Position, string(f.Path))),
		t.paint(hue(f.Severity), severity), oneLine(f.Message), Plain(f.Code))
	t.source(f)
	for i, line := range block(f.Hint) {
		lead := "    help: "
		if i > 0 {
			lead = "          "
		}
		fmt.Fprintf(t, "%s%s\n", lead, line)
	}
	for _, r := range f.Related {
		fmt.Fprintf(t, "    %s: %s\n", place(r.Position, string(r.Path)), oneLine(r.Message))
	}
}

// place returns the position, or the model path where there is none.
func place(p Position, path string) string {
	if p.File == "" && path != "" {
		return oneLine(path)
	}
	return oneLine(p.String())
}

func hue(s Severity) string {
	switch s {
	case Error:
		return bold + red
	case Warning:
		return bold + yellow
	default:
		return bold + cyan
	}
}

func (t textWriter) paint(color, s string) string {
	if !t.Color {
		return s
	}
	return color + s + reset
}

// width is how much of a source line is drawn.
const width = 120

// source draws the line that a finding is about.
func (t textWriter) source(f Finding) {
	line := t.line(f.Position)
	column := f.Position.Column - 1
	if len(bytes.TrimSpace(line)) == 0 || column < 0 || column >= len(line) {
		return
	}
	before, after := plainTabs(line[:column]), plainTabs(line[column:])
	if n := utf8.RuneCountInString(before) - width/2; n > 0 {
		before = "..." + string([]rune(before)[n:])
	}
	if r := []rune(after); len(r) > width/2 {
		after = string(r[:width/2]) + "..."
	}
	blank := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, before)
	gutter := fmt.Sprintf("%d", f.Position.Line)
	fmt.Fprintf(t, "    %s | %s\n", gutter, inert(strings.TrimRightFunc(before+after, unicode.IsSpace)))
	fmt.Fprintf(t, "    %*s | %s%s\n", len(gutter), "", blank, t.paint(hue(f.Severity), "^"))
}

// plainTabs is [Plain], except that tabs stay.
func plainTabs(b []byte) string {
	parts := strings.Split(string(b), "\t")
	for i := range parts {
		parts[i] = Plain(parts[i])
	}
	return strings.Join(parts, "\t")
}

// line returns the line of the source at p, nil where it is not to be had.
func (t textWriter) line(p Position) []byte {
	if t.Source == nil || p.File == "" || p.Line < 1 {
		return nil
	}
	text, ok := t.files[p.File]
	if !ok {
		if data, err := t.Source(p.File); err == nil {
			text = bytes.Split(data, []byte("\n"))
		}
		t.files[p.File] = text
	}
	if p.Line > len(text) {
		return nil
	}
	return bytes.TrimSuffix(text[p.Line-1], []byte("\r"))
}
