package examples_test

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An assertion is one line about a value that has a name:
//
//	name: value    it is this
//	name: *        it is there
//	name: -        it is not there
//	name~ text     it holds the text
//
// With " x N" at its end it must be true of exactly N of the things that it is asked of; without, of all.
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

// holds reports whether the assertion is true of one value, or of its absence.
func (a assertion) holds(value string, there bool) bool {
	switch a.kind {
	case '*':
		return there
	case '-':
		return !there
	case '~':
		return there && strings.Contains(value, a.value)
	default:
		return there && value == a.value
	}
}

// A subject has values by name.
type subject interface {
	lookup(name string) (value string, there bool)
}

// verify returns what is wrong where the assertion is not true of as many subjects as it says, else "".
func verify[S subject](a assertion, subjects []S) string {
	held, want := 0, a.count
	if want < 0 {
		want = len(subjects)
	}
	seen := map[string]int{}
	for _, s := range subjects {
		value, there := s.lookup(a.name)
		if a.holds(value, there) {
			held++
		}
		if there {
			seen[strconv.Quote(value)]++
		} else {
			seen["nothing"]++
		}
	}
	if held == want {
		return ""
	}
	var values []string
	for value, n := range seen {
		values = append(values, fmt.Sprintf("%s x %d", value, n))
	}
	slices.Sort(values)
	return fmt.Sprintf("line %d: %q is true of %d of %d, not of %d; have %s",
		a.line, a.text, held, len(subjects), want, strings.Join(values, ", "))
}
