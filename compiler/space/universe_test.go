package space_test

import (
	"strings"
	"testing"

	"gwc.dev/compiler/space"
	"gwc.dev/schema"
)

// combinations calls f with every text of up to n of the words.
func combinations(n int, words []string, f func(string)) {
	var grow func(text string, n int)
	grow = func(text string, n int) {
		f(text)
		if n == 0 {
			return
		}
		for _, word := range words {
			grow(text+word, n-1)
		}
	}
	grow("", n)
}

func TestPathsAreThoseThatAreTheirOwnNormalForm(t *testing.T) {
	s := space.New(0)
	normal := 0
	check := func(path string) {
		form, ok := schema.NormalizePath(path)
		want := ok && form == path
		if got := s.Normal(path); got != want {
			t.Errorf("%q: %v, want %v", path, got, want)
		}
		if want {
			normal++
		}
	}
	combinations(4, []string{"/", ".", "a", ";", "%2F", "%5C", "%3B", "%2f", "%", "%20", "é"}, check)
	combinations(6, []string{"/", ".", ";", "%2F", "%3B"}, func(end string) { check("/a" + end) })
	for c := range 256 {
		check("/" + string([]byte{byte(c)}))
		for d := range 256 {
			check("/%" + string([]byte{byte(c), byte(d)}))
		}
	}
	if normal < 1000 {
		t.Errorf("only %d of the paths are in normal form", normal)
	}
}

// isFieldValue is the definition: the values of some lines, without blanks at their ends, and ", " between.
func isFieldValue(value string) bool {
	isLine := func(line string) bool {
		return strings.Trim(line, " \t") == line && !strings.ContainsAny(line, "\x00\n\x7f")
	}
	if isLine(value) {
		return true
	}
	for i := range value {
		if strings.HasPrefix(value[i:], ", ") && isLine(value[:i]) && isFieldValue(value[i+2:]) {
			return true
		}
	}
	return false
}

func TestFieldValuesAreThoseOfLinesTogether(t *testing.T) {
	s := space.New(0)
	combinations(7, []string{" ", ",", "\t", "a"}, func(value string) {
		if got, want := s.FieldValue(value), isFieldValue(value); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	})
	combinations(2, []string{"\x00", "\n", "\x7f", "é", "\xff", "\uffff", "~"}, func(value string) {
		if got, want := s.FieldValue(value), isFieldValue(value); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	})
}
