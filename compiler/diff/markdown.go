package diff

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// A comment of a pull request may be 65,536 characters, of which [MaxMarkdown] are used; a change that is not shown
// needs room to be counted.
const (
	MaxMarkdown = 65_000
	reserve     = 1_000
)

// writeMarkdown prints a comment for a pull request: the summary, then a table for each class, the worst first
// and only the safe one folded. What does not fit is counted.
func writeMarkdown(w io.Writer, r *Report) error {
	head := fmt.Sprintf("**gwc: %s**\n", r.Summary())
	_, err := io.WriteString(w, head+Tables(r, MaxMarkdown-len(head)))
	return err
}

// Code returns text as code in a table of Markdown; nothing stays nothing.
func Code(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + Escape(s) + "</code>"
}

// Escape keeps text from meaning anything in a table of Markdown or in HTML.
func Escape(s string) string { return escaper().Replace(s) }

// Tables returns a table of Markdown for each class of changes, in at most so many bytes. What does not fit is counted.
func Tables(r *Report, most int) string {
	var b strings.Builder
	code, escape := Code, Escape
	rest, joined, n := 0, groups(r.Changes), r.Count()
	for c := Breaking; c >= Safe; c-- {
		if n[c] == 0 {
			continue
		}
		open := " open"
		if c == Safe {
			open = ""
		}
		fmt.Fprintf(&b, "\n<details%s><summary>%s (%d)</summary>\n\n| | place | old | new | why |\n|-|-|-|-|-|\n",
			open, c, n[c])
		for _, g := range joined {
			if g.Class != c {
				continue
			}
			row := fmt.Sprintf("| %s | %s | %s | %s | %s |\n", mark(g.Kind), code(g.place), code(g.Old), code(g.New), escape(g.Reason))
			if b.Len()+len(row) > most-reserve {
				rest += g.count
				continue
			}
			b.WriteString(row)
		}
		b.WriteString("\n</details>\n")
	}
	if rest > 0 {
		fmt.Fprintf(&b, "\n**%s more: the text format shows all.**\n", number(rest, "change"))
	}
	return b.String()
}

var escaper = sync.OnceValue(newEscaper)

func newEscaper() *strings.Replacer {
	var pairs []string
	for _, c := range "&<>\"'`|*_~\\[]@#$:!" {
		pairs = append(pairs, string(c), fmt.Sprintf("&#%d;", c))
	}
	return strings.NewReplacer(append(pairs, "\n", " ")...)
}
