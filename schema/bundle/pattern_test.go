package bundle_test

import (
	"regexp"
	"testing"

	"gwc.dev/schema/bundle"
)

func TestAPatternMatchesTheWholeOfATextOrNothing(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{`a`, "a", true},
		{`a`, "ab", false},
		{`b`, "ab", false},
		{`a|ab`, "ab", true},
		{`a|ab`, "a", true},
		{`a|ab`, "abc", false},
		{`(a|ab)(c|bcd)`, "abcd", true},
		{`a*?`, "aaa", true},
		{`(?U)a+`, "aaa", true},
		{`b|ab`, "ab", true},
		{`^a$|b`, "ab", false},
		{`(?m)^a$`, "a\nb", false},
		{`a$`, "a\n", false},
		{`.*`, "a\nb", false},
		{`(?s).*`, "a\nb", true},
		{`\Qa.`, "a.", true},
		{`\Qa.`, "ab", false},
		{`a.*|.*b`, "xb", true},
		{`https://(ci|ci-new)\.example\.com/.*@(main|release/.*)`, "https://ci-new.example.com/x@release/1", true},
		{`https://ci.example.com/team/.*`, "https://evil.example.com/?https://ci.example.com/team/x", false},
		{``, "a", false},
	}
	for _, tt := range tests {
		p, err := bundle.NewPattern(tt.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(tt.text); got != tt.want {
			t.Errorf("%q matches %q: %t, want %t", tt.pattern, tt.text, got, tt.want)
		}
		if p.String() != tt.pattern {
			t.Errorf("%q is written as %q", tt.pattern, p)
		}
	}
}

// FuzzPattern compares with anchors, where they can be written.
func FuzzPattern(f *testing.F) {
	f.Add("a|ab", "ab")
	f.Add("(a|ab)(c|bcd)(d*)", "abcd")
	f.Add("(?i)x+?|^y$", "XX")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		p, err := bundle.NewPattern(pattern)
		if err != nil {
			return
		}
		anchored, err := regexp.Compile(`\A(?:` + pattern + `)\z`)
		if err != nil {
			return
		}
		if got, want := p.Match(text), anchored.MatchString(text); got != want {
			t.Errorf("%q matches %q: %t, with anchors %t", pattern, text, got, want)
		}
	})
}
