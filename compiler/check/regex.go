package check

import (
	"errors"
	"fmt"
	"regexp/syntax"

	"gwc.dev/compiler/diag"
	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// The bounds of an expression: its own length and that of the program that it compiles to. RE2 takes time in
// proportion to text times program, so that the program is what an attacker multiplies.
const (
	maxRegex   = 4096
	maxProgram = 10_000
)

// A verdict is what is wrong with an expression; the zero one is that nothing is.
type verdict struct{ code, message string }

// regexes remembers the verdict about each expression.
type regexes map[string]verdict

// regex reports an expression that RE2 refuses or that is too large.
func (p *pass) regex(known regexes, expr string, at func() schema.Path) {
	v, ok := known[expr]
	if !ok {
		v = judge(expr)
		known[expr] = v
	}
	if v == (verdict{}) {
		return
	}
	hint := "write an RE2 expression: no look-around, no back-references, at most 1000 repetitions"
	if v.code == "regex-size" {
		hint = "match a prefix and leave the rest to the backend, or write several routes"
	}
	p.report(diag.Finding{Code: v.code, Severity: diag.Error, Path: at(), Message: v.message, Hint: hint})
}

func judge(expr string) verdict {
	if len(expr) > maxRegex {
		return verdict{
			code:    "regex-size",
			message: fmt.Sprintf("the expression is %d bytes long, above the bound of %d", len(expr), maxRegex),
		}
	}
	_, steps, err := space.Parse(expr)
	if err != nil {
		message := err.Error()
		if bad := (*syntax.Error)(nil); errors.As(err, &bad) {
			message = fmt.Sprintf("%s: %.80q", bad.Code, bad.Expr)
		}
		return verdict{code: "regex", message: "RE2 refuses the expression: " + message}
	}
	if steps > maxProgram {
		return verdict{
			code:    "regex-size",
			message: fmt.Sprintf("the expression compiles to %d steps, above the bound of %d", steps, maxProgram),
		}
	}
	return verdict{}
}

// begins returns the character that all that matches an expression begins with; false where there is not one, or
// where it is not plain to see.
func begins(expr string) (rune, bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	for err == nil {
		switch re.Op {
		case syntax.OpLiteral:
			return re.Rune[0], true
		case syntax.OpCapture, syntax.OpPlus:
			re = re.Sub[0]
		case syntax.OpConcat:
			sub := re.Sub
			for len(sub) > 1 && (sub[0].Op == syntax.OpBeginText || sub[0].Op == syntax.OpBeginLine) {
				sub = sub[1:]
			}
			re = sub[0]
		default:
			return 0, false
		}
	}
	return 0, false
}
