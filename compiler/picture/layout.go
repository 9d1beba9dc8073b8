package picture

import (
	"cmp"
	"slices"
)

// Sizes of a drawing, in CSS pixels. Text is in a font whose characters are all as wide.
const (
	margin     = 16
	charWidth  = 7.3 // of 12 px text, at most
	lineHeight = 17
	padding    = 9
	rowGap     = 14
	columnGap  = 64
	shareGap   = 130 // before the upstreams, where shares are written
)

// widths are how many characters a node of a kind shows in a line.
var widths = [kinds]int{Listener: 20, Host: 28, API: 26, Route: 52, Upstream: 34}

// maxLines bounds the lines that a node shows; the rest is counted.
const maxLines = 24

// A box is a node's place.
type box struct {
	*Node
	x, y, width, height int
}

// A layout is where everything stands.
type layout struct {
	boxes         []*box
	at            map[*Node]*box
	width, height int
}

// place puts the nodes into a column for each kind, each near what leads to it, none over another.
func (g *Graph) place() *layout {
	l := &layout{at: map[*Node]*box{}}
	var columns [kinds][]*box
	for _, n := range g.Nodes {
		b := &box{Node: n, width: int(float64(widths[n.Kind])*charWidth) + 2*padding, height: (1+shown(n))*lineHeight + 2*padding}
		columns[n.Kind] = append(columns[n.Kind], b)
		l.boxes, l.at[n] = append(l.boxes, b), b
	}
	// The routes are most of a picture: they stand below each other, by API, and the others follow them.
	anchor := Route
	if len(columns[Route]) == 0 {
		anchor = API
	}
	stack(columns[anchor])
	for kind := anchor; kind > Listener; kind-- {
		l.follow(g, columns[kind-1], true)
	}
	for kind := anchor + 1; kind < kinds; kind++ {
		l.follow(g, columns[kind], false)
	}
	x := margin
	for kind, column := range columns {
		if Kind(kind) == Upstream {
			x += shareGap - columnGap
		}
		for _, b := range column {
			b.x = x
			l.height = max(l.height, b.y+b.height+margin)
		}
		if len(column) > 0 {
			x += column[0].width + columnGap
		}
	}
	l.width = max(x-columnGap+margin, 2*margin)
	l.height = max(l.height, 2*margin)
	return l
}

// shown is how many lines below its title a node shows.
func shown(n *Node) int { return min(len(n.Lines), maxLines+1) }

// stack puts boxes below each other.
func stack(column []*box) {
	y := margin
	for _, b := range column {
		b.y = y
		y += b.height + rowGap
	}
}

// follow puts boxes as near as there is room to the mean of those, already placed, that they lead to (forward) or that lead
// to them.
func (l *layout) follow(g *Graph, column []*box, forward bool) {
	sums, counts := map[*Node]int{}, map[*Node]int{}
	for _, e := range g.Edges {
		near, far := e.To, e.From
		if forward {
			near, far = e.From, e.To
		}
		if placed := l.at[far]; placed != nil && placed.y > 0 {
			sums[near] += placed.y + placed.height/2
			counts[near]++
		}
	}
	wish := map[*box]int{}
	for _, b := range column {
		if n := counts[b.Node]; n > 0 {
			wish[b] = sums[b.Node]/n - b.height/2
		}
	}
	slices.SortStableFunc(column, func(a, b *box) int { return cmp.Compare(wish[a], wish[b]) })
	y := margin
	for _, b := range column {
		b.y = max(y, wish[b])
		y = b.y + b.height + rowGap
	}
}
