package examples_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// An assertion is one line about a value that has a name:
//
//	name: value    it is this
//	name: *        it is there
//	name: -        it is not there
//	name~ text     it holds the text
//
// With " x N" at its end it must be true of exactly N of the subjects that it is asked of; without, of all.
type assertion struct {
	line  int
	text  string
	name  string
	kind  byte // one of "=*-~"
	value string
	count int // -1: all
}

var assertionLine = regexp.MustCompile(`^([^\s:~]+)([:~])\s*(.*)$`)

func parseAssertion(line int, text string) (assertion, error) {
	a := assertion{line: line, text: text}
	rest, count := cutCount(text)
	a.count = count
	m := assertionLine.FindStringSubmatch(rest)
	switch {
	case m == nil || m[3] == "":
		return a, fmt.Errorf("line %d: want NAME: VALUE or NAME~ TEXT, have %q", line, text)
	case m[2] == "~":
		a.kind = '~'
	case m[3] == "*", m[3] == "-":
		a.kind = m[3][0]
	default:
		a.kind = '='
	}
	a.name, a.value = m[1], m[3]
	return a, nil
}

// cutCount splits " x N" off the end of a line; without it the count is -1.
func cutCount(text string) (string, int) {
	if at := strings.LastIndex(text, " x "); at >= 0 {
		if n, err := strconv.Atoi(text[at+3:]); err == nil && n > 0 {
			return strings.TrimSpace(text[:at]), n
		}
	}
	return text, -1
}

// holds reports whether the assertion is true of the values that a thing has under its name: of one of them, or of
// there being none.
func (a assertion) holds(values []string) bool {
	switch a.kind {
	case '*':
		return len(values) > 0
	case '-':
		return len(values) == 0
	case '~':
		return slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, a.value) })
	default:
		return slices.Contains(values, a.value)
	}
}

// A subject has values by name.
type subject interface {
	lookup(name string) []string
}

// verify returns what is wrong where the assertion is not true of as many subjects as it says, else "".
func verify[S subject](a assertion, subjects []S) string {
	held, want := 0, a.count
	if want < 0 {
		want = len(subjects)
	}
	seen := map[string]int{}
	for _, s := range subjects {
		values := s.lookup(a.name)
		if a.holds(values) {
			held++
		}
		if len(values) == 0 {
			seen["nothing"]++
		}
		for _, value := range values {
			seen[strconv.Quote(value)]++
		}
	}
	if held == want {
		return ""
	}
	var have []string
	for value, n := range seen {
		have = append(have, fmt.Sprintf("%s x %d", value, n))
	}
	slices.Sort(have)
	return fmt.Sprintf("line %d: %q is true of %d of %d, not of %d; have %s",
		a.line, a.text, held, len(subjects), want, strings.Join(have, ", "))
}

func TestVerifyCounts(t *testing.T) {
	answers := []fixed{{"status": "200"}, {"status": "200"}, {}}
	for text, want := range map[string]string{
		"status: 200 x 2": "",
		"status: 200":     `line 1: "status: 200" is true of 2 of 3, not of 3; have "200" x 2, nothing x 1`,
		"status: - x 1":   "",
		"status~ 00 x 2":  "",
		"status: * x 3":   `line 1: "status: * x 3" is true of 2 of 3, not of 3; have "200" x 2, nothing x 1`,
	} {
		a, err := parseAssertion(1, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := verify(a, answers); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

type fixed map[string]string

func (f fixed) lookup(name string) []string {
	if value, there := f[name]; there {
		return []string{value}
	}
	return nil
}
