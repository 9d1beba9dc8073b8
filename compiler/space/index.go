package space

import (
	"iter"
	"maps"
	"slices"
	"strings"
)

// An Index tells which of many matches can have requests in common with one: by hosts, by the segments that their paths
// begin with, and by the text of a header field, a parameter or the path that each of them asks for, where there is one. It is
// there so that not each of ten thousand has to be held against all others.
type Index struct {
	hosts     map[*condition]*branch // by the condition on the host; nil: none
	wildcards []*condition           // of hosts
}

// A branch is the matches all of whose paths begin with some segments, and those with more of them.
type branch struct {
	here []int            // those that ask for no text
	told map[*part]*shelf // the others, each by one part
	next map[string]*branch
}

// A shelf has matches by what every text of a part begins with that they ask for.
type shelf struct {
	places map[string][]int
	begins []string // the keys, sorted
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
		b.add(m, i)
	}
	for _, b := range x.hosts {
		b.sort()
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
			out = b.meeting(m, out)
			b = b.next[segment]
		}
		out = b.all(m, out)
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

// all appends all matches of b, which may be nil, that can meet m. It recurses as deep as paths have segments.
func (b *branch) all(m *Match, to []int) []int {
	if b == nil {
		return to
	}
	to = b.meeting(m, to)
	for _, next := range b.next {
		to = next.all(m, to)
	}
	return to
}

// add puts a match where its text is.
func (b *branch) add(m *Match, place int) {
	for _, c := range m.clauses {
		begin, ok := c.condition.begin()
		switch {
		case !ok || begin == "" || c.part.kind == hostPart || c.part.kind == methodPart:
			continue
		case c.part.kind == pathPart && c.condition.kind != matching: // which the segments tell
			continue
		}
		if b.told == nil {
			b.told = map[*part]*shelf{}
		}
		t := b.told[c.part]
		if t == nil {
			t = &shelf{places: map[string][]int{}}
			b.told[c.part] = t
		}
		t.places[begin] = append(t.places[begin], place)
		return
	}
	b.here = append(b.here, place)
}

// sort makes b ready to be asked.
func (b *branch) sort() {
	for _, t := range b.told {
		t.begins = slices.Sorted(maps.Keys(t.places))
	}
	for _, next := range b.next {
		next.sort()
	}
}

// meeting appends the matches that stand at b itself and can meet m.
func (b *branch) meeting(m *Match, to []int) []int {
	to = append(to, b.here...)
	for part, t := range b.told {
		begin := "" // which every text begins with
		for _, c := range m.clauses {
			if text, ok := c.condition.begin(); ok && c.part == part {
				begin = text
			}
		}
		to = t.meeting(begin, to)
	}
	return to
}

// meeting appends the matches whose texts can begin with this one, and of those that this one can begin with.
func (t *shelf) meeting(begin string, to []int) []int {
	for i := range len(begin) {
		to = append(to, t.places[begin[:i]]...)
	}
	first, _ := slices.BinarySearch(t.begins, begin)
	for _, text := range t.begins[first:] {
		if !strings.HasPrefix(text, begin) {
			break
		}
		to = append(to, t.places[text]...)
	}
	return to
}

// begin returns what every text begins with that fulfils the condition. False: it asks for no text.
func (c *condition) begin() (string, bool) {
	switch {
	case c.kind == oneOf && len(c.texts) == 1:
		return c.texts[0], true
	case c.kind == below:
		return c.text, true
	case c.kind == matching:
		return c.expression.begins, true
	}
	return "", false
}
