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
type Index struct{ hosts hostTree }

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
	x := &Index{}
	for i, m := range matches {
		b := x.hosts.at(m.on(hostPart))
		for segment := range m.segments() {
			b = b.grow(segment)
		}
		b.add(m, i)
	}
	for b := range x.hosts.meeting(nil) {
		b.sort()
	}
	return x
}

// Meeting returns the places, in the list that the index was made of, of all matches that have a request in common
// with m, and perhaps of more. They are sorted.
func (x *Index) Meeting(m *Match) []int { return m.meeting(x.hosts.meeting(m.on(hostPart))) }

// Beside is Meeting for those alone that have the same condition on the host.
func (x *Index) Beside(m *Match) []int { return m.meeting(x.hosts.only(m.on(hostPart))) }

// meeting returns the places in branches, sorted, that can meet m.
func (m *Match) meeting(branches iter.Seq[*branch]) []int {
	var out []int
	for b := range branches {
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
	return slices.Compact(out)
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
		begins, ok := c.condition.begins()
		switch {
		case !ok || slices.Contains(begins, "") || c.part.kind == hostPart:
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
		for _, begin := range begins {
			t.places[begin] = append(t.places[begin], place)
		}
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
		begins := []string{""} // one of which every text begins with
		for _, c := range m.clauses {
			if c.part != part {
				continue
			}
			if texts, ok := c.condition.begins(); ok || c.condition.kind == absent {
				begins = texts
			}
		}
		for _, begin := range begins {
			to = t.meeting(begin, to)
		}
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

// begins returns texts one of which every text begins with that fulfils the condition. False: it asks for no text.
func (c *condition) begins() ([]string, bool) {
	switch c.kind {
	case oneOf:
		return c.texts, true
	case below:
		return []string{c.text}, true
	case matching:
		return []string{c.expression.begins}, true
	}
	return nil, false
}
