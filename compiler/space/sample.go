package space

import (
	"regexp/syntax"
	"strings"
)

// sample returns a short text that a tree would match, were it not for its assertions: most often the tree does. It is
// there so that not each expression needs its automaton to be known to match something.
func sample(tree *syntax.Regexp) string {
	var b strings.Builder
	sampleOf(tree, &b)
	return b.String()
}

// maxSample bounds a sample: what is longer is left to the automata.
const maxSample = 1024

// sampleOf recurses as deep as the parser allows.
func sampleOf(tree *syntax.Regexp, b *strings.Builder) {
	if b.Len() > maxSample {
		return
	}
	switch tree.Op {
	case syntax.OpLiteral:
		b.WriteString(string(tree.Rune))
	case syntax.OpCharClass:
		best := rune(-1)
		for i := 0; i+1 < len(tree.Rune); i += 2 {
			if r := plainestIn(tree.Rune[i], tree.Rune[i+1]+1); best < 0 || plainer(r, best) {
				best = r
			}
		}
		if best >= 0 {
			b.WriteRune(best)
		}
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
	case syntax.OpCapture, syntax.OpPlus:
		sampleOf(tree.Sub[0], b)
	case syntax.OpConcat:
		for _, sub := range tree.Sub {
			sampleOf(sub, b)
		}
	case syntax.OpAlternate:
		sampleOf(tree.Sub[0], b)
	case syntax.OpRepeat:
		for range tree.Min {
			sampleOf(tree.Sub[0], b)
		}
	}
}
