// Package diag is what gwc reports about a definition: findings with a code, a severity, a position in the
// user's file and a hint.
//
// A finding is the user's to mend; an error is gwc's own inability. Whoever finds something about the model
// names the model path; [List.Locate] supplies the position.
package diag

import (
	"cmp"
	"fmt"
	"slices"

	"gwc.dev/schema"
)

// Severity orders findings by how much they matter.
type Severity int

// The severities.
const (
	Info Severity = iota
	Warning
	Error
)

// String returns the severity's name as it is printed.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	default:
		return "info"
	}
}

// ParseSeverity is the inverse of [Severity.String].
func ParseSeverity(s string) (Severity, error) {
	for _, v := range []Severity{Info, Warning, Error} {
		if v.String() == s {
			return v, nil
		}
	}
	return 0, fmt.Errorf("severity %q: want error, warning or info", s)
}

// MarshalText implements [encoding.TextMarshaler].
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// A Position is a place in a file; File is slash-separated and relative to the directory that gwc was started
// in, where that is possible. The zero Position is unknown.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

// String returns "file:line:col", or "-" where it is unknown.
func (p Position) String() string {
	if p.File == "" {
		return "-"
	}
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

func (p Position) compare(q Position) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// A Finding is one thing to mend.
type Finding struct {
	Code     string      `json:"code"`
	Severity Severity    `json:"severity"`
	Path     schema.Path `json:"path,omitempty"`
	Position Position    `json:"position,omitzero"`
	Message  string      `json:"message"`
	// Hint says what to do.
	Hint string `json:"help,omitempty"`
	// Related are other places that have part in it.
	Related []Related `json:"related,omitempty"`
	// Request shows what the finding is about, where that is requests.
	Request *Request `json:"request,omitempty"`
}

// A Request is one that a client can send.
type Request struct {
	Method  string  `json:"method"`
	URL     string  `json:"url"`
	Headers []Field `json:"headers,omitempty"`
	// Without names header fields that must not be there.
	Without []string `json:"without,omitempty"`
}

// A Field is a header field.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Related is another place that has part in a finding. Path, where it is set, supplies the position.
type Related struct {
	Path     schema.Path `json:"path,omitempty"`
	Position Position    `json:"position,omitzero"`
	Message  string      `json:"message"`
}

// A List is findings in any order; it is sorted and freed of repetitions when it is printed.
type List []Finding

// Locator knows where a place of the model is written.
type Locator interface {
	// Position returns where path is written; of a path that is written nowhere, where the nearest place above
	// it is.
	Position(path schema.Path) Position
}

// Locate fills in the positions that are unknown.
func (l List) Locate(in Locator) {
	for i := range l {
		f := &l[i]
		if f.Position.File == "" {
			f.Position = in.Position(f.Path)
		}
		for j := range f.Related {
			if r := &f.Related[j]; r.Position.File == "" && r.Path != "" {
				r.Position = in.Position(r.Path)
			}
		}
	}
}

// Sorted returns the findings by position, then code, path and message, each once.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, compare)
	return slices.CompactFunc(out, func(a, b Finding) bool { return compare(a, b) == 0 })
}

func compare(a, b Finding) int {
	return cmp.Or(
		a.Position.compare(b.Position),
		cmp.Compare(b.Severity, a.Severity),
		cmp.Compare(a.Code, b.Code),
		cmp.Compare(a.Path, b.Path),
		cmp.Compare(a.Message, b.Message),
	)
}

// Count returns how many findings are at least as severe as s.
func (l List) Count(s Severity) int {
	n := 0
	for _, f := range l {
		if f.Severity >= s {
			n++
		}
	}
	return n
}

// FromProblems turns the problems of a model into findings of one severity.
func FromProblems(problems []schema.Problem, s Severity) List {
	var l List
	for _, p := range problems {
		l = append(l, Finding{Code: p.Code, Severity: s, Path: p.Path, Message: p.Message, Hint: p.Hint})
	}
	return l
}
