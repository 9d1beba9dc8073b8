package picture

import (
	"slices"
	"strings"
)

// merge returns both pictures as one, with what differs marked. It takes their nodes.
func merge(old, new *Graph) *Graph {
	out := &Graph{}
	known := map[id]*Node{}
	for _, n := range new.Nodes {
		n.Mark = Added
		known[id{n.Kind, n.Name}] = n
		out.Nodes = append(out.Nodes, n)
	}
	for _, before := range old.Nodes {
		n, stays := known[id{before.Kind, before.Name}]
		if !stays {
			before.Mark = Removed
			known[id{before.Kind, before.Name}] = before
			out.Nodes = append(out.Nodes, before)
			continue
		}
		n.Mark = Same
		n.Lines = between(before.Lines, n.Lines)
		if before.all != n.all {
			n.Mark = Changed
			if !slices.ContainsFunc(n.Lines, func(l Line) bool { return l.Mark != Same }) {
				n.Lines = append(n.Lines, Line{"and what is not shown", Changed})
			}
		}
	}
	out.Edges = edges(old, new, known)
	out.sort()
	return out
}

// between returns the lines of new, and what only old has after what took its place: the last line that begins with the
// same word. A line that only moved is no difference.
func between(old, new []Line) []Line {
	has := func(l []Line, text string) bool {
		return slices.ContainsFunc(l, func(line Line) bool { return line.Text == text })
	}
	lines := slices.Clone(new)
	for i := range lines {
		if !has(old, lines[i].Text) {
			lines[i].Mark = Added
		}
	}
	for _, line := range slices.Backward(old) {
		if has(new, line.Text) {
			continue
		}
		at := len(lines)
		for i, other := range lines {
			if word(other.Text) == word(line.Text) {
				at = i + 1
			}
		}
		lines = slices.Insert(lines, at, Line{line.Text, Removed})
	}
	return lines
}

// word is the first word of a line, which says what it is about.
func word(text string) string {
	first, _, _ := strings.Cut(text, " ")
	return first
}

// edges returns the edges of both between the nodes that there are now.
func edges(old, new *Graph, known map[id]*Node) []*Edge {
	at := func(e *Edge) [2]*Node {
		return [2]*Node{known[id{e.From.Kind, e.From.Name}], known[id{e.To.Kind, e.To.Name}]}
	}
	var out []*Edge
	now := map[[2]*Node]*Edge{}
	for _, e := range new.Edges {
		ends := at(e)
		drawn := &Edge{From: ends[0], To: ends[1], Label: e.Label, Mark: Added}
		now[ends] = drawn
		out = append(out, drawn)
	}
	for _, e := range old.Edges {
		ends := at(e)
		switch drawn, stays := now[ends], now[ends] != nil; {
		case !stays:
			out = append(out, &Edge{From: ends[0], To: ends[1], Label: e.Label, Mark: Removed})
		case drawn.Label != e.Label:
			drawn.Mark, drawn.Label = Changed, e.Label+" → "+drawn.Label
		default:
			drawn.Mark = Same
		}
	}
	return out
}
