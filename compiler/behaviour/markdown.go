package behaviour

import (
	"fmt"
	"io"
	"strings"

	"gwc.dev/compiler/diff"
)

// classesMost is how much of a comment the classes may take; the places have the rest.
const classesMost = 45_000

// writeMarkdown prints a comment for a pull request.
func writeMarkdown(w io.Writer, r *Report, places *diff.Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**gwc: %s**\n", r.summary())
	n, left := r.count(), 0
	for severity := diff.Breaking; severity >= diff.Safe; severity-- {
		if n[severity] == 0 {
			continue
		}
		open := " open"
		if severity == diff.Safe {
			open = ""
		}
		fmt.Fprintf(&b, "\n<details%s><summary>%s (%d)</summary>\n\n| request | route | what differs |\n|-|-|-|\n", open, severity, n[severity])
		for _, c := range r.Classes {
			if c.Severity != severity {
				continue
			}
			if row := c.row(); b.Len()+len(row) <= classesMost {
				b.WriteString(row)
			} else {
				left++
			}
		}
		b.WriteString("\n</details>\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "\n**%d more: the text format shows all.**\n", left)
	}
	if len(places.Changes) > 0 {
		head := fmt.Sprintf("\n<details><summary>what is written: %s</summary>\n", diff.Escape(places.Summary()))
		const tail = "\n</details>\n"
		b.WriteString(head + diff.Tables(places, diff.MaxMarkdown-b.Len()-len(head)-len(tail)) + tail)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// row is a class in a table.
func (c *Class) row() string {
	route := ""
	if c.Old != nil || c.New != nil {
		route = diff.Code(c.pair())
		if len(c.Alike) > 0 {
			route += diff.Escape(", likewise " + few(c.Alike))
		}
	}
	differs := []string{diff.Escape(c.title() + " [" + c.ID() + "]")}
	if c.Approved != "" {
		differs = append(differs, diff.Escape("approved "+c.Approved))
	}
	for _, change := range c.Changes {
		differs = append(differs, diff.Code(line(change)))
	}
	return fmt.Sprintf("| %s | %s | %s |\n", diff.Code(c.request()), route, strings.Join(differs, "<br>"))
}
