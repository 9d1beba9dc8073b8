package diff

import (
	"fmt"
	"strings"
	"sync"
)

// reserve is the room, in bytes, in which changes that are not shown are counted.
const reserve = 1_000

// Code returns text as code in a table of Markdown; nothing stays nothing.
func Code(s string) string {
	if s == "" {
		return ""
	}
	return "<code>" + Escape(s) + "</code>"
}

// Escape keeps text from meaning anything in a table of Markdown or in HTML.
func Escape(s string) string { return escaper().Replace(s) }

// Tables returns a table of Markdown for each class of changes, the worst first and the safe one folded, in at most so
// many bytes. What does not fit is counted.
func Tables(r *Report, most int) string {
	var b strings.Builder
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
			row := fmt.Sprintf("| %s | %s | %s | %s | %s |\n", mark(g.Kind), Code(g.place), Code(g.Old), Code(g.New), Escape(g.Reason))
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
