package space

import (
	"iter"
	"slices"
	"strings"
)

// An Index tells which of many matches can have requests in common with one, by hosts and by the segments that their
// paths begin with. It is there so that not each of ten thousand has to be held against all others.
type Index struct {
	hosts     map[*condition]*branch // by the condition on the host; nil: none
	wildcards []*condition           // of hosts
}

// A branch is the matches all of whose paths begin with some segments, and those with more of them.
type branch struct {
	here []int
	next map[string]*branch
}

// NewIndex returns an index of matches of one Space.
func NewIndex(matches []*Match) *Index {
	x := &Index{hosts: map[*condition]*branch{}}
	for i, m := range matches {
		host := m.on(hostPart)
		b := x.hosts[host]
		if b == nil {
			b = &branch{}
			x.hosts[host] = b
			if host != nil && host.kind == wildcard {
				x.wildcards = append(x.wildcards, host)
			}
		}
		for segment := range m.segments() {
			b = b.grow(segment)
		}
		b.here = append(b.here, i)
	}
	return x
}

// Meeting returns the places, in the list that the index was made of, of all matches that have a request in common
// with m, and perhaps of more. They are sorted.
func (x *Index) Meeting(m *Match) []int {
	var out []int
	for b := range x.trees(m.on(hostPart)) {
		for segment := range m.segments() {
			if b == nil {
				break
			}
			out = append(out, b.here...)
			b = b.next[segment]
		}
		out = b.all(out)
	}
	slices.Sort(out)
	return out
}

// trees yields the matches of all hosts that a condition on the host allows.
func (x *Index) trees(host *condition) iter.Seq[*branch] {
	return func(yield func(*branch) bool) {
		if host == nil || host.kind == wildcard {
			for other, b := range x.hosts {
				if hostsMeet(host, other) && !yield(b) {
					return
				}
			}
			return
		}
		few := []*condition{nil, host}
		for _, c := range x.wildcards {
			if hostsMeet(host, c) {
				few = append(few, c)
			}
		}
		for _, c := range few {
			if b := x.hosts[c]; b != nil && !yield(b) {
				return
			}
		}
	}
}

// hostsMeet reports whether two conditions on the host, nil for none, allow a host together.
func hostsMeet(a, b *condition) bool {
	switch {
	case a == nil || b == nil || a == b:
		return true
	case a.kind == wildcard && b.kind == wildcard:
		return strings.HasSuffix("."+a.text, "."+b.text) || strings.HasSuffix("."+b.text, "."+a.text)
	case a.kind == wildcard:
		return b.kind == oneOf && a.holds(b.texts[0])
	}
	return b.kind == wildcard && b.holds(a.texts[0])
}

// on returns the condition on a part of which there is only one, or nil.
func (m *Match) on(kind partKind) *condition {
	for _, c := range m.clauses {
		if c.part.kind == kind {
			return c.condition
		}
	}
	return nil
}

// segments yields whole segments that all paths of m begin with.
func (m *Match) segments() iter.Seq[string] {
	path := ""
	switch c := m.on(pathPart); {
	case c == nil:
	case c.kind == oneOf:
		path = c.texts[0]
	case c.kind == below:
		path = c.text
	default:
		path = c.expression.begins
		path = path[:max(0, strings.LastIndexByte(path, '/'))]
	}
	if path == "" || path[0] != '/' {
		return func(func(string) bool) {}
	}
	return strings.SplitSeq(path[1:], "/")
}

func (b *branch) grow(segment string) *branch {
	if b.next == nil {
		b.next = map[string]*branch{}
	}
	if b.next[segment] == nil {
		b.next[segment] = &branch{}
	}
	return b.next[segment]
}

// all appends all matches of b, which may be nil. It recurses as deep as paths have segments.
func (b *branch) all(to []int) []int {
	if b == nil {
		return to
	}
	to = append(to, b.here...)
	for _, next := range b.next {
		to = next.all(to)
	}
	return to
}
