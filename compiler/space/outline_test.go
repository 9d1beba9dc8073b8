package space_test

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"gwc.dev/compiler/space"
)

// Whatever an expression matches, the index knows that it may.
func TestAnIndexFindsExpressionsByWhatTheyMatch(t *testing.T) {
	paths := []string{
		"/a", "/(a|b)", "/?a", "(/a)+", "(/a|/b)?", "[^/]+/", "/[ab]*", "/(a/)?b", "/(a|b/|)", "(?i)/ka", "/[a-z]+", "/[^a]", `/\w{2}`, ".*/a", "/a.*b", "a{0,2}", "/$", "^/",
	}
	words := []string{"/", "/a", "/b", "a", "b", "K", "k", "\u212a", "é", "ab", "1"}
	s := space.New(0)
	matched := 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 8))
		one := func() string {
			if r.IntN(3) == 0 {
				return expression(r, 0)
			}
			return paths[r.IntN(len(paths))]
		}
		expr := "(?:" + one() + ")(?:" + one() + ")"
		switch r.IntN(4) {
		case 0:
			expr += "|" + one()
		case 1:
			expr += "(?:" + one() + ")?"
		case 2:
			expr += "/" + one()
		}
		whole := regexp.MustCompile(`\A(?:` + expr + `)\z`)
		for range 60 {
			var b strings.Builder
			for range 1 + r.IntN(4) {
				b.WriteString(words[r.IntN(len(words))])
			}
			text := b.String()
			if !utf8.ValidString(text) || !whole.MatchString(text) {
				continue
			}
			matched++
			switch ok, err := s.Indexed(expr, text); {
			case err != nil:
				t.Fatal(err)
			case !ok:
				t.Errorf("seed %d: %q matches %q, and the index does not know", seed, expr, text)
			}
		}
	}
	if matched < 4000 {
		t.Errorf("only %d texts matched", matched)
	}
}

func TestAnIndexTellsExpressionsApart(t *testing.T) {
	apart := func(a, b string) bool {
		s := space.New(0)
		index := space.NewIndex([]*space.Match{match(t, s, "", set{regex: a}.match()), match(t, s, "", set{regex: b}.match())})
		return cmp.Equal(index.Meeting(match(t, s, "", set{regex: a}.match())), []int{0})
	}
	for _, pair := range [][2]string{
		{"/(en|de|fr)/page1", "/(en|de|fr)/page2"},
		{"/v[12]/a/.*", "/v[12]/b/.*"},
		{"/[^/]+/a(/.*)?", "/[^/]+/b(/.*)?"},
		{"/[a-z]+/a", "/[a-z]+/a/b"},
		{"/a-[0-9]+/x", "/b-[0-9]+/x"},
		{"/(a|b)1", "/(a|b)2"},
		{"/(a/)?b/.*", "/(a/)?c/.*"},
		{"(?i)/ab", "(?i)/ac"},
		{"/[^/]+-x/1", "/[^/]+-x/2"},
	} {
		if !apart(pair[0], pair[1]) {
			t.Errorf("%s and %s are held against each other", pair[0], pair[1])
		}
	}
	if apart("/(a|b)/.*", "/b/c") || apart("/.*a", "/.*b") {
		t.Error("what meets is told apart")
	}
}
