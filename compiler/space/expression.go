package space

import (
	"encoding/binary"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
)

// maxExpression and maxProgram are the bounds of the match table, which refuses what is beyond them.
const maxExpression, maxProgram = 4096, 10_000

// An expression is an RE2 expression that a whole text has to match. What most questions do without is made when it is asked for.
type expression struct {
	text     string
	outlines []outline // one of which every text has that it matches
	begins   []string  // one of which every such text begins with
	sample   string    // a text that it may match
	sure     bool      // and does
	whole    *regexp.Regexp
	steps    *syntax.Prog
	lazy     *lazy
	cells    *int // what all automata have grown to, in numbers kept
}

func newExpression(text string, tree *syntax.Regexp, cells *int) *expression {
	e := &expression{text: text, outlines: outlines(tree), cells: cells}
	e.sample, e.sure = sample(tree)
	for _, o := range e.outlines {
		e.begins = append(e.begins, o.begins())
	}
	slices.Sort(e.begins)
	e.begins = slices.Compact(e.begins)
	return e
}

// matches reports whether the whole of a text matches.
func (e *expression) matches(text string) bool {
	if e.sure && text == e.sample {
		return true
	}
	if e.whole == nil {
		e.whole = regexp.MustCompile(anchored(e.text))
	}
	return e.whole.MatchString(text)
}

// anchored is an expression that matches a text where the given one matches all of it.
func anchored(text string) string { return `\A(?:` + text + `)\z` }

func (e *expression) program() *syntax.Prog {
	if e.steps == nil {
		tree, err := syntax.Parse(e.text, syntax.Perl)
		if err == nil {
			e.steps, err = syntax.Compile(bare(tree).Simplify())
		}
		if err != nil {
			panic(err) // it was parsed before
		}
	}
	return e.steps
}

func (e *expression) automaton() automaton {
	if e.lazy == nil {
		e.lazy = newLazy(e.program(), e.cells)
	}
	return e.lazy
}

// Parse returns the tree of an expression, and how many steps its program has; of one that has few as anybody can see, a
// number above it. It refuses what package regexp refuses of an expression that has to match whole texts.
func Parse(text string) (*syntax.Regexp, int, error) {
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, 0, err
	}
	if depth(tree) > 990 { // the parser takes 1000, and matching whole texts takes some of them
		if _, err := regexp.Compile(anchored(text)); err != nil {
			return nil, 0, err
		}
	}
	const most = 8 // that a byte compiles to, where nothing is repeated by number
	if !repeats(tree) && most*len(text) < maxProgram {
		return tree, most * len(text), nil
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, 0, err
	}
	return tree, len(program.Inst), nil
}

// repeats reports whether some of a tree is written once and compiled several times.
func repeats(tree *syntax.Regexp) bool {
	return tree.Op == syntax.OpRepeat || slices.ContainsFunc(tree.Sub, repeats)
}

// parse returns the tree of an expression, without what says where parts of a match are: that makes more expressions
// equal that match the same.
func parse(text string) (*syntax.Regexp, error) {
	if len(text) > maxExpression {
		return nil, fmt.Errorf("expression %.40q is longer than %d bytes", text, maxExpression)
	}
	tree, steps, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("expression %q: %w", text, err)
	}
	if steps > maxProgram {
		return nil, fmt.Errorf("expression %.40q compiles to more than %d steps", text, maxProgram)
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

// spelling is the same for equal trees only. (Their own String looks at each rune of a class: [^/] has a million.)
func spelling(tree *syntax.Regexp) string { return string(spell(nil, tree)) }

func spell(to []byte, tree *syntax.Regexp) []byte {
	to = append(to, byte(tree.Op))
	switch tree.Op {
	case syntax.OpLiteral:
		to = append(to, byte(tree.Flags&syntax.FoldCase))
		fallthrough
	case syntax.OpCharClass:
		to = binary.AppendUvarint(to, uint64(len(tree.Rune)))
		for _, r := range tree.Rune {
			to = binary.AppendUvarint(to, uint64(r))
		}
	case syntax.OpRepeat:
		to = binary.AppendVarint(to, int64(tree.Min))
		to = binary.AppendVarint(to, int64(tree.Max))
	}
	to = binary.AppendUvarint(to, uint64(len(tree.Sub)))
	for _, sub := range tree.Sub {
		to = spell(to, sub)
	}
	return to
}

// depth is how deep a tree nests.
func depth(tree *syntax.Regexp) int {
	most := 0
	for _, sub := range tree.Sub {
		most = max(most, depth(sub))
	}
	return 1 + most
}
