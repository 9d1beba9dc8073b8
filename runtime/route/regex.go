package route

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
)

// maxRegex bounds an expression, and maxProgram what it compiles to. RE2 takes time in proportion to both and to
// the text, which the client chooses.
const maxRegex, maxProgram = 4096, 10_000

// compileRegex compiles an expression that a whole text has to match.
func compileRegex(expr string) (*regexp.Regexp, error) {
	if len(expr) > maxRegex {
		return nil, fmt.Errorf("it is longer than %d bytes", maxRegex)
	}
	tree, err := syntax.Parse(expr, syntax.Perl) // by itself: "a)|(b" is no expression
	if err != nil {
		return nil, err
	}
	prog, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	if len(prog.Inst) > maxProgram {
		return nil, fmt.Errorf("it compiles to more than %d steps", maxProgram)
	}
	return regexp.Compile(`\A(?:` + expr + `)\z`)
}

// literalSegments returns the whole segments that every path begins with which the expression matches: of
// "/users/[0-9]+" it is "/users/".
func literalSegments(expr string) string {
	tree, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return ""
	}
	var b strings.Builder
	literal(tree.Simplify(), &b)
	text := b.String()
	if text == "" || text[0] != '/' {
		return ""
	}
	return text[:strings.LastIndexByte(text, '/')+1]
}

// literal writes the text that every match of re begins with, and reports whether that is all that it matches.
func literal(re *syntax.Regexp, b *strings.Builder) bool {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpBeginLine:
		return true
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return false
		}
		for _, r := range re.Rune {
			b.WriteRune(r)
		}
		return true
	case syntax.OpCapture:
		return literal(re.Sub[0], b)
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			if !literal(sub, b) {
				return false
			}
		}
		return true
	}
	return false
}
