package behaviour

import (
	"fmt"
	"io"
	"strings"

	"gwc.dev/compiler/diff"
)

// maxComment is how many bytes of Markdown are printed: a comment of a pull request may be 65,536 characters.
const maxComment = 65_000

// writeMarkdown prints a comment for a pull request. Each environment has its share of the room, and what those before it
// have left.
func writeMarkdown(w io.Writer, all []Comparison) error {
	var b strings.Builder
	for i, c := range all {
		head := ""
		if len(all) > 1 {
			head = fmt.Sprintf("## %s\n\n", diff.Escape(c.Environment))
		}
		if i > 0 {
			head = "\n" + head
		}
		room := (maxComment - b.Len()) / (len(all) - i)
		text := c.markdown(room - len(head))
		if b.Len()+len(head)+len(text) > maxComment {
			fmt.Fprintf(&b, "\n**%d more environments: the text format shows all.**\n", len(all)-i)
			break
		}
		b.WriteString(head + text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdown returns the summary, the classes, of which as many are shown as fit into two thirds of so many bytes, and
// the places in the rest, if at all.
func (c Comparison) markdown(most int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "**gwc: %s**\n", c.Behaviour.Summary())
	n, left := c.Behaviour.count(), 0
	for severity := diff.Breaking; severity >= diff.Safe; severity-- {
		if n[severity] == 0 {
			continue
		}
		open := " open"
		if severity == diff.Safe {
			open = ""
		}
		fmt.Fprintf(&b, "\n<details%s><summary>%s (%d)</summary>\n\n| request | route | what differs |\n|-|-|-|\n", open, severity, n[severity])
		for _, class := range c.Behaviour.Classes {
			if class.Severity != severity {
				continue
			}
			if row := class.row(); b.Len()+len(row) <= most*2/3 {
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
	if len(c.Places.Changes) == 0 {
		return b.String()
	}
	head := fmt.Sprintf("\n<details><summary>what is written: %s</summary>\n", diff.Escape(c.Places.Summary()))
	const tail = "\n</details>\n"
	b.WriteString(head + diff.Tables(c.Places, most-b.Len()-len(head)-len(tail)) + tail)
	return b.String()
}

// row is a class in a table.
func (c *Class) row() string {
	route := ""
	if c.Old != nil || c.New != nil {
		route = diff.Code(c.Routes())
		if len(c.Alike) > 0 {
			route += diff.Escape(", likewise " + c.likewise())
		}
	}
	differs := []string{diff.Escape(c.Title() + " [" + c.ID() + "]")}
	if c.Approved != "" {
		differs = append(differs, diff.Escape("approved "+c.Approved))
	}
	for _, change := range c.Changes {
		differs = append(differs, diff.Code(line(change)))
	}
	return fmt.Sprintf("| %s | %s | %s |\n", diff.Code(c.Example()), route, strings.Join(differs, "<br>"))
}
