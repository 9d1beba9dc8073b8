package space

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxExpression and maxProgram are the bounds of the match table, which refuses what is beyond them.
const maxExpression, maxProgram = 4096, 10_000

// An expression is an RE2 expression that a whole text has to match.
type expression struct {
	whole   *regexp.Regexp
	begins  string // what every text begins with that it matches, or less
	sample  string // a text that it may match
	program *syntax.Prog
	lazy    *lazy // nil until somebody needs more of it than to match a text
	cells   *int  // what all automata have grown to, in numbers kept
}

func newExpression(text string, tree *syntax.Regexp, cells *int) (*expression, error) {
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	if len(program.Inst) > maxProgram {
		return nil, fmt.Errorf("expression %.40q compiles to more than %d steps", text, maxProgram)
	}
	whole, err := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	begins, _ := literal(tree)
	return &expression{whole: whole, begins: begins, sample: sample(tree), program: program, cells: cells}, nil
}

func (e *expression) automaton() automaton {
	if e.lazy == nil {
		e.lazy = newLazy(e.program, e.cells)
	}
	return e.lazy
}

// parse returns the tree of an expression, without what says where parts of a match are: that makes more expressions
// equal that match the same.
func parse(text string) (*syntax.Regexp, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("expression %.40q is longer than %d bytes", text, maxExpression)
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	return bare(tree), nil
}

// bare removes captures and preferences from a tree. It recurses as deep as the parser allows.
func bare(tree *syntax.Regexp) *syntax.Regexp {
	for tree.Op == syntax.OpCapture {
		tree = tree.Sub[0]
	}
	tree.Flags &^= syntax.NonGreedy
	for i, sub := range tree.Sub {
		tree.Sub[i] = bare(sub)
	}
	return tree
}

// literal returns what every text begins with that a tree matches, and whether that is all of the text.
func literal(tree *syntax.Regexp) (string, bool) {
	switch tree.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine:
		return "", true
	case syntax.OpLiteral:
		if tree.Flags&syntax.FoldCase == 0 {
			return string(tree.Rune), true
		}
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range tree.Sub {
			text, all := literal(sub)
			b.WriteString(text)
			if !all {
				return b.String(), false
			}
		}
		return b.String(), true
	}
	return "", false
}
