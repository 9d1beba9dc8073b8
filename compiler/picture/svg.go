package picture

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// style is the look of a drawing, in light and dark.
const style = `.gwc{--ink:#1f2937;--soft:#6b7280;--paper:#fff;--box:#f9fafb;--added:#15803d;--removed:#b91c1c;--changed:#b45309}
@media(prefers-color-scheme:dark){.gwc{--ink:#e5e7eb;--soft:#9ca3af;--paper:#111827;--box:#1f2937;--added:#4ade80;--removed:#f87171;--changed:#fbbf24}}
.gwc text{font:12px ui-monospace,monospace;fill:var(--ink)}
.gwc .title{font-weight:700}
.gwc .paper{fill:var(--paper)}
.gwc rect{fill:var(--box);stroke:var(--soft);stroke-width:1}
.gwc path{fill:none;stroke:var(--soft);stroke-width:1.2}
.gwc .share{fill:var(--soft)}
.gwc .added rect,.gwc path.added{stroke:var(--added);stroke-width:2.5}
.gwc .removed rect,.gwc path.removed{stroke:var(--removed);stroke-width:2;stroke-dasharray:5}
.gwc .changed rect,.gwc path.changed{stroke:var(--changed);stroke-width:2.5}
.gwc text .added,.gwc text.added{fill:var(--added)}
.gwc text .removed,.gwc text.removed{fill:var(--removed);text-decoration:line-through}
`

// WriteSVG writes the picture as a file of its own.
func (g *Graph) WriteSVG(w io.Writer) error { return g.svg(w, true) }

// svg writes the picture; one that stands in a page has the page's style.
func (g *Graph) svg(w io.Writer, alone bool) error {
	b := bufio.NewWriter(w)
	l := g.place()
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" class="gwc" role="img" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d">`+"\n", l.width, l.height)
	fmt.Fprintf(b, "<title>%s</title>\n", g.summary())
	if alone {
		fmt.Fprintf(b, "<style>\n%s</style>\n<rect class=\"paper\" width=\"%d\" height=\"%d\" stroke=\"none\"/>\n", style, l.width, l.height)
	}
	for _, e := range g.Edges {
		from, to := l.at[e.From], l.at[e.To]
		x1, y1, x2, y2 := from.x+from.width, from.y+from.height/2, to.x, to.y+to.height/2
		bend := (x2 - x1) / 2
		fmt.Fprintf(b, `<path class="%s" d="M%d %dC%d %d %d %d %d %d"/>`+"\n", e.Mark, x1, y1, x1+bend, y1, x2-bend, y2, x2, y2)
		if e.Label != "" {
			fmt.Fprintf(b, `<text class="share" x="%d" y="%d" text-anchor="end">%s</text>`+"\n", x2-4, y2-5, escape(e.Label))
		}
	}
	for _, box := range l.boxes {
		box.svg(b)
	}
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

// summary says what is drawn, for who does not see it.
func (g *Graph) summary() string {
	var counts [kinds]int
	marked := 0
	for _, n := range g.Nodes {
		counts[n.Kind]++
		if n.Mark != Same {
			marked++
		}
	}
	var parts []string
	for kind, n := range counts {
		plural := "s"
		if n == 1 {
			plural = ""
		}
		parts = append(parts, fmt.Sprintf("%d %s%s", n, Kind(kind), plural))
	}
	text := strings.Join(parts, ", ")
	if marked > 0 {
		text += fmt.Sprintf("; %d added, removed or changed", marked)
	}
	return text
}

func (n *box) svg(w io.Writer) {
	fmt.Fprintf(w, `<g class="%s"><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="6"/>`+"\n",
		n.Mark, escape(n.full()), n.x, n.y, n.width, n.height)
	y := n.y + padding + lineHeight - 5
	line := func(class, text string) {
		fmt.Fprintf(w, `<text class="%s" x="%d" y="%d">%s</text>`+"\n", class, n.x+padding, y, escape(cut(text, widths[n.Kind])))
		y += lineHeight
	}
	line("title", n.Title)
	for i, l := range n.Lines {
		if i == maxLines && len(n.Lines) > maxLines {
			line("same", fmt.Sprintf("… and %d more", len(n.Lines)-maxLines))
			break
		}
		line(l.Mark.String(), signs[l.Mark]+l.Text)
	}
	fmt.Fprintln(w, "</g>")
}

// full is everything that a node says.
func (n *Node) full() string {
	lines := []string{n.Kind.String() + " " + n.Title}
	if n.Mark != Same {
		lines[0] += " (" + n.Mark.String() + ")"
	}
	for _, l := range n.Lines {
		lines = append(lines, signs[l.Mark]+l.Text)
	}
	return strings.Join(lines, " · ")
}

// escape makes text safe in XML and HTML.
func escape(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(clean(text))) // a Builder takes all
	return b.String()
}
