package space_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// expressions hold what RE2 knows, and what is hard.
var expressions = []string{
	"", "a", "a|ab", "(a|b)*abb", "[^a]", "[a-c]+b?", ".", "(?s).", ".*", "(?s).*", "a{2,4}", "(a{0,2}b){1,3}", "(?:)*",
	"(?i)ab", "(?i)k", "(?i)[^s]",
	"\u212a|\u017f", `\d+\w\s`, `\pL+`, `[[:alpha:]]\PL`, `\x{10ffff}`, `[\x{d800}-\x{dfff}]`,
	`\bab\b`, `a\b.*`, `.*\Bb`, `\b`, `\B`, `\b\B`, `(^a)|b$`, `^^a$$`,
	`a^b`, `(?m)a$\nb`, `(?m)(^a$\n?)+`, `(?m).*^b`, `\Aa\z`, `a\z|\Ab`,
	`a\Ab`, `[^\n]`, "\n", "\ufffd", "[^\ufffd]", "[\ufffd-\U0010ffff]", "(a*)*", "(a|a)*b",
	"(?U)a+?", `a+?b*?`, "[^\\x00-\\x{10FFFF}]",
	"((a{3}){3}){3}", "(a|b)*a(a|b){6}", "x*x*x*x*y", "é+", `\Qa.b\E`,
}

var words = []string{
	"a", "b", "A", "k", "K", "\u212a", "s", "\u017f", "S", "c", ".", "\n", " ", "1", "_", "-", "é",
	"\ufffd", "\xff", "\xe2\x82", "\U0010ffff",
}

func text(r *rand.Rand) string {
	var b strings.Builder
	choice := words
	if r.IntN(2) == 0 {
		choice = words[:2+r.IntN(4)]
	}
	for range r.IntN(10) {
		b.WriteString(choice[r.IntN(len(choice))])
	}
	return b.String()
}

// expression makes one of smaller ones.
func expression(r *rand.Rand, depth int) string {
	if depth == 0 {
		return expressions[r.IntN(len(expressions))]
	}
	a, b := expression(r, depth-1), expression(r, depth-1)
	switch r.IntN(5) {
	case 0:
		return "(?:" + a + ")*"
	case 1:
		return "(?:" + a + ")?(?:" + b + ")"
	case 2:
		return "(?:" + a + "){0,2}(?i:" + b + ")"
	case 3:
		return "(?:" + a + ")|(?:" + b + ")"
	}
	return "(?:" + a + ")(?:" + b + ")"
}

func whole(expr string) (*regexp.Regexp, error) { return regexp.Compile(`\A(?:` + expr + `)\z`) }

// What is said to be sure is not tried, so it has to be.
func TestSampleThatIsSureMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	s := space.New(0)
	sure := 0
	for i := range 3000 {
		expr := expression(r, i%4)
		if i < len(awkward) {
			expr = awkward[i]
		}
		re, err := whole(expr)
		if err != nil {
			continue
		}
		text, ok, err := s.Sample(expr)
		switch {
		case err != nil:
			t.Fatalf("%q: %v", expr, err)
		case ok && !re.MatchString(text):
			t.Errorf("%q does not match %q", expr, text)
		case ok:
			sure++
		}
	}
	if sure < 1000 {
		t.Errorf("only %d were sure", sure)
	}
}

var awkward = []string{
	`\x{fffd}`, `[\x{d800}-\x{dfff}]`, `\x{d800}`, `[^\x00-\x{10ffff}]`, `[^\x00-\x{10ffff}]*`, `(?i)ß`, `(?i)[k]`, `(?s).`, `(?U)a+?`, `\Qa.b\E`,
	`a{1000}`, `(?:a{40}){30}`, `^a$`, `(?m)^a$\nb`, `\ba\B`, `()`, `|a`, `a||b`, `(a{0})*`, `\C?`, `[[:^alpha:]]{3}`, `\pL+`, `a\z`, `\Aa`,
}

func TestAutomataAgreeWithRegexp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	s := space.New(0)
	matched, all := 0, 0
	for i := range 600 {
		expr := expression(r, i%3)
		re, err := whole(expr)
		if err != nil {
			continue
		}
		for range 100 {
			text := text(r)
			got, err := s.Run(expr, text)
			if want := re.MatchString(text); err != nil || got != want {
				t.Fatalf("%q with %q: %v, %v, want %v", expr, text, got, err, want)
			} else if want {
				matched++
			}
			all++
		}
	}
	if matched < all/20 {
		t.Errorf("only %d of %d texts match", matched, all)
	}
}

// Of two expressions, what one takes and the other does not.
func TestDifferencesOfExpressions(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	counts := map[space.Verdict]int{}
	for i := range 600 {
		s := space.New(0)
		in, out := expression(r, i%2), expression(r, i/2%2)
		parameter := func(expr string) *space.Match {
			m, err := s.Match(&schema.Match{Query: map[string]schema.ValueMatch{"q": {Regex: expr}}}, "")
			if err != nil {
				return nil
			}
			return m
		}
		a, b := parameter(in), parameter(out)
		if a == nil || b == nil {
			continue
		}
		inside, _ := whole(in)
		outside, _ := whole(out)
		result := s.Find([]*space.Match{a}, []*space.Match{b})
		counts[result.Verdict]++
		switch result.Verdict {
		case space.Found:
			value := ""
			for _, f := range result.Request.Query {
				value = f.Value
			}
			if !inside.MatchString(value) || len(result.Request.Query) == 1 && outside.MatchString(value) {
				t.Errorf("%q without %q: %q", in, out, value)
			}
		case space.Empty:
			for range 1000 {
				if text := text(r); inside.MatchString(text) && !outside.MatchString(text) {
					t.Fatalf("%q without %q is empty, but has %q", in, out, text)
				}
			}
		}
	}
	if counts[space.Undecided] > 0 || counts[space.Found] < 100 || counts[space.Empty] < 20 {
		t.Errorf("verdicts %v", counts)
	}
}

func TestExpressionsThatAreNone(t *testing.T) {
	s := space.New(0)
	long := strings.Repeat("a", 4097)
	for _, expr := range []string{"(", "a)|(b", "(?=a)", long, "a{1000}b{1000}" + strings.Repeat("[ab]{1000}", 9)} {
		for _, one := range []set{{regex: expr}, {header: values{"x": like(expr)}}, {query: values{"x": like(expr)}}} {
			m := one.match()
			if _, err := s.Match(&m, ""); err == nil {
				t.Errorf("%.40q is fine", expr)
			}
		}
	}
}

// Whatever an expression is, its automaton takes what the expression takes, and an example of it.
func FuzzExpression(f *testing.F) {
	for i, expr := range expressions {
		f.Add(expr, words[i%len(words)])
	}
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 200 || len(text) > 200 {
			return
		}
		s := space.New(200_000)
		m, err := s.Match(&schema.Match{Query: map[string]schema.ValueMatch{"q": {Regex: expr}}}, "")
		re, regexErr := whole(expr)
		if err != nil || expr == "" {
			return
		}
		if regexErr != nil {
			t.Fatalf("%q is fine, but for regexp: %v", expr, regexErr)
		}
		if got, err := s.Run(expr, text); err != nil || got != re.MatchString(text) {
			t.Fatalf("%q with %q: %v, %v", expr, text, got, err)
		}
		switch result := s.Find([]*space.Match{m}, nil); result.Verdict {
		case space.Found:
			if value := result.Request.Query[0].Value; !re.MatchString(value) {
				t.Fatalf("%q is to match %q", expr, value)
			}
		case space.Empty:
			if re.MatchString(text) {
				t.Fatalf("%q matches %q, and nothing", expr, text)
			}
		}
	})
}

// Expressions that grow beyond all bounds end in time and in no verdict, or in the right one.
func TestHardExpressionsAreBounded(t *testing.T) {
	prefix := func(expr string) string { return "/" + expr }
	for _, expr := range []string{
		"(a|b)*a(a|b){40}", "((((a{1,9}){1,9}){1,9})b?)*", "(a?){300}a{300}", `(\pL|\pN){1,300}`, "(.*a){60}",
		`(\b(a|b)*a(a|b){30}\b)*`, "(x+x+)+y", strings.Repeat("(a|b|ab)*", 100),
	} {
		t.Run(fmt.Sprintf("%.20s", expr), func(t *testing.T) {
			s := space.New(0)
			one := match(t, s, "", schema.Match{Path: &schema.PathMatch{Regex: prefix(expr)}})
			same := match(t, s, "", schema.Match{Path: &schema.PathMatch{Regex: prefix("(?:" + expr + ")")}})
			if result := s.Find([]*space.Match{one}, nil); result.Verdict != space.Found || !one.Takes(result.Request) {
				t.Errorf("by itself: %v", result)
			}
			if result := s.Find([]*space.Match{one}, []*space.Match{same}); result.Verdict == space.Found {
				t.Errorf("without itself: %v", result.Request)
			}
		})
	}
}

func TestAnExpressionMayNestUpToTheBound(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("(", n) + "/a" + strings.Repeat(")", n) }
	for n := range 20 {
		_, err := regexp.Compile(`\A(?:` + nested(990+n) + `)\z`)
		s := space.New(0)
		m, got := s.Match(&schema.Match{Path: &schema.PathMatch{Regex: nested(990 + n)}}, "")
		if (err == nil) != (got == nil) {
			t.Fatalf("%d: %v, and package regexp says %v", 990+n, got, err)
		}
		if got == nil && s.Find([]*space.Match{m}, nil).Verdict != space.Found {
			t.Errorf("%d: no path is found", 990+n)
		}
	}
}
