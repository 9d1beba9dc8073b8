package check

import (
	"regexp"
	"strings"
)

// An expression is a regex of a match, compiled. The zero one, of an expression that cannot be run, takes
// everything: what is wrong with it is reported elsewhere.
type expression struct {
	whole  *regexp.Regexp // matches whole texts only
	prefix string         // every text that it matches begins with
}

// expressions compiles each expression once.
type expressions map[string]expression

func (known expressions) compile(expr string) expression {
	if e, ok := known[expr]; ok {
		return e
	}
	var e expression
	if judge(expr) == (verdict{}) {
		if re, err := regexp.Compile(expr); err == nil {
			e.prefix, _ = re.LiteralPrefix()
			e.whole, _ = regexp.Compile(`\A(?:` + expr + `)\z`)
		}
	}
	known[expr] = e
	return e
}

// refuses reports whether the expression does not match the whole of text.
func (e expression) refuses(text string) bool { return e.whole != nil && !e.whole.MatchString(text) }

// excludes reports whether what the two expressions begin with shows that no text matches both.
func (e expression) excludes(f expression) bool {
	return !strings.HasPrefix(e.prefix, f.prefix) && !strings.HasPrefix(f.prefix, e.prefix)
}
