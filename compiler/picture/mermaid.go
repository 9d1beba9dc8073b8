package picture

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// WriteMermaid writes the picture as a flowchart of Mermaid, which GitHub, GitLab and many wikis draw in Markdown.
func (g *Graph) WriteMermaid(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, "flowchart LR")
	names := map[*Node]string{}
	for i, n := range g.Nodes {
		names[n] = fmt.Sprintf("n%d", i)
		fmt.Fprintf(b, "  %s[\"%s\"]:::%s\n", names[n], mermaidLabel(n), mermaidClass(n))
	}
	for i, e := range g.Edges {
		arrow := " --> "
		if e.Label != "" {
			arrow = " -->|\"" + mermaidEscape(e.Label) + "\"| "
		}
		fmt.Fprintf(b, "  %s%s%s\n", names[e.From], arrow, names[e.To])
		if style := mermaidEdge[e.Mark]; style != "" {
			fmt.Fprintf(b, "  linkStyle %d %s\n", i, style)
		}
	}
	for _, class := range []string{
		"listener stroke:#6b7280", "host stroke:#6b7280", "API stroke:#2563eb,stroke-width:2px", "route stroke:#2563eb", "upstream stroke:#7c3aed",
		"added stroke:#15803d,stroke-width:3px", "removed stroke:#b91c1c,stroke-width:3px,stroke-dasharray:5", "changed stroke:#b45309,stroke-width:3px",
	} {
		fmt.Fprintln(b, "  classDef "+class)
	}
	return b.Flush()
}

var mermaidEdge = [...]string{
	Added: "stroke:#15803d,stroke-width:3px", Removed: "stroke:#b91c1c,stroke-dasharray:5", Changed: "stroke:#b45309,stroke-width:3px", Same: "",
}

// mermaidClass says how a node looks: by what happens to it, or else by what it is.
func mermaidClass(n *Node) string {
	if n.Mark != Same {
		return n.Mark.String()
	}
	return n.Kind.String()
}

func mermaidLabel(n *Node) string {
	title := n.Title
	if n.Kind != Host { // which says itself that it is one
		title = n.Kind.String() + " " + title
	}
	lines := []string{mermaidEscape(title)}
	for _, l := range n.Lines {
		lines = append(lines, mermaidEscape(signs[l.Mark]+l.Text))
	}
	return strings.Join(lines, "<br/>")
}

// signs are put before lines.
var signs = [...]string{Same: "", Added: "+ ", Removed: "− ", Changed: ""}

// mermaidEscape keeps text from meaning anything: all but letters, digits and some harmless signs becomes Mermaid's code of
// a character.
func mermaidEscape(text string) string {
	var b strings.Builder
	for _, r := range clean(text) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(" .,:/+=-_%", r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}
