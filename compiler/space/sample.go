package space

import (
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// sample returns a short text that a tree would match, were it not for its assertions, and whether it surely does. It is
// there so that not each expression needs a program or its automaton to be known to match something.
func sample(tree *syntax.Regexp) (text string, sure bool) {
	var b strings.Builder
	sure = sampleOf(tree, &b)
	return b.String(), sure
}

// maxSample bounds a sample: what is longer is left to the automata.
const maxSample = 1024

// sampleOf recurses as deep as the parser allows. It reports whether the tree matches what was written.
func sampleOf(tree *syntax.Regexp, b *strings.Builder) bool {
	if b.Len() > maxSample {
		return false
	}
	switch tree.Op {
	case syntax.OpEmptyMatch, syntax.OpStar, syntax.OpQuest:
		return true
	case syntax.OpLiteral:
		text := string(tree.Rune)
		b.WriteString(text)
		return !strings.ContainsRune(text, utf8.RuneError)
	case syntax.OpCharClass:
		best := rune(-1)
		for i := 0; i+1 < len(tree.Rune); i += 2 {
			if r := plainestIn(tree.Rune[i], tree.Rune[i+1]+1); best < 0 || plainer(r, best) {
				best = r
			}
		}
		if best < 0 {
			return false
		}
		b.WriteRune(best)
		return utf8.ValidRune(best) && best != utf8.RuneError
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		b.WriteByte('a')
		return true
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return sampleOf(tree.Sub[0], b)
	case syntax.OpConcat:
		sure := true
		for _, sub := range tree.Sub {
			sure = sampleOf(sub, b) && sure
		}
		return sure
	case syntax.OpRepeat:
		sure := true
		for range tree.Min {
			sure = sampleOf(tree.Sub[0], b) && sure
		}
		return sure
	}
	return false // an assertion, or what matches nothing
}
