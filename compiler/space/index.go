package space

import (
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
)

// An Index tells which of many matches can have requests in common with one: by hosts, by the segments of their paths as far as
// those are known, and by the text of a header field or a parameter that each of them asks for, where there is one. It is there
// so that not each of ten thousand has to be held against all others.
type Index struct{ hosts hostTree }

// A branch is the matches all of whose paths begin with some segments, and those with more of them.
type branch struct {
	first int              // the least place in all of it
	here  []int            // those whose paths end here, or of which no more is known
	told  map[*part]*shelf // those as well, each by what the text of one part begins with

	whole shelf // the others, by the segment that follows
	begun shelf // by what the segment that follows begins with
	open  shelf // by what begins all that follows, where it may be more than a segment
}

// NewIndex returns an index of matches of one Space.
func NewIndex(matches []*Match) *Index {
	x := &Index{}
	for i, m := range matches {
		root := x.hosts.at(m.on(hostPart))
		for _, o := range m.outlines() {
			root.grow(o).add(m, i)
		}
	}
	for b := range x.hosts.meeting(nil) {
		b.sort()
	}
	return x
}

// Meeting returns the places, in the list that the index was made of, of all matches that have a request in common
// with m, and perhaps of more. They are sorted.
func (x *Index) Meeting(m *Match) []int { return x.MeetingBefore(m, math.MaxInt) }

// MeetingBefore is Meeting for those alone that stand before a place.
func (x *Index) MeetingBefore(m *Match, place int) []int {
	return m.meeting(x.hosts.meeting(m.on(hostPart)), place)
}

// Beside is Meeting for those alone that have the same condition on the host.
func (x *Index) Beside(m *Match) []int {
	return m.meeting(x.hosts.only(m.on(hostPart)), math.MaxInt)
}

// meeting returns the places in branches, sorted, that can meet m and stand before a place.
func (m *Match) meeting(branches iter.Seq[*branch], before int) []int {
	c := &collection{of: m, before: before}
	outlines := m.outlines()
	for b := range branches {
		for _, o := range outlines {
			c.meeting(b, o)
		}
	}
	slices.Sort(c.places)
	return slices.Compact(c.places)
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

// outlines returns outlines, one of which each path of m has.
func (m *Match) outlines() []outline {
	switch c := m.on(pathPart); {
	case c == nil:
		return []outline{{}}
	case c.kind == matching:
		return c.expression.outlines
	case c.kind == oneOf:
		return []outline{outlineOf(c.texts[0])}
	default:
		o := outlineOf(c.text)
		o.ends = false
		return []outline{o}
	}
}

// grow returns the branch of an outline, which it makes if it is not there.
func (b *branch) grow(o outline) *branch {
	for _, s := range o.segments {
		next := &b.begun
		if s.whole {
			next = &b.whole
		}
		b = next.at(s.text)
	}
	if o.rest != "" {
		b = b.open.at(o.rest)
	}
	return b
}

// add puts a match where its text is.
func (b *branch) add(m *Match, place int) {
	for _, c := range m.clauses {
		begins, ok := c.condition.begins()
		if !ok || slices.Contains(begins, "") || c.part.kind == hostPart || c.part.kind == pathPart {
			continue
		}
		if b.told == nil {
			b.told = map[*part]*shelf{}
		}
		if b.told[c.part] == nil {
			b.told[c.part] = &shelf{}
		}
		for _, begin := range begins {
			to := b.told[c.part].at(begin)
			to.here = append(to.here, place)
		}
		return
	}
	b.here = append(b.here, place)
}

// sort makes b ready to be asked. It recurses, as all of this does, as deep as paths have segments.
func (b *branch) sort() {
	b.first = math.MaxInt
	if len(b.here) > 0 {
		b.first = b.here[0] // they were added in their order
	}
	for _, t := range b.told {
		b.first = min(b.first, t.sort())
	}
	b.first = min(b.first, b.whole.sort(), b.begun.sort(), b.open.sort())
}

// A collection is the places of those that can meet a match and stand before a place.
type collection struct {
	of     *Match
	before int
	places []int
}

// meeting collects those from a branch on whose paths can have an outline.
func (c *collection) meeting(b *branch, o outline) {
	if b.first >= c.before {
		return
	}
	c.at(b)
	switch {
	case len(o.segments) > 0:
		next := o.segments[0]
		o.segments = o.segments[1:]
		if next.whole {
			if b := b.whole.branches[next.text]; b != nil {
				c.meeting(b, o)
			}
			for b := range b.begun.before(next.text) {
				c.meeting(b, o)
			}
			for b := range b.open.before(next.text) {
				c.at(b)
			}
			return
		}
		for b := range b.whole.after(next.text) {
			c.meeting(b, o)
		}
		for b := range b.begun.beside(next.text) {
			c.meeting(b, o)
		}
		for b := range b.open.beside(next.text) {
			c.at(b)
		}
	case !o.ends:
		for b := range b.whole.after(o.rest) {
			c.all(b)
		}
		for b := range b.begun.beside(o.rest) {
			c.all(b)
		}
		for b := range b.open.beside(o.rest) {
			c.at(b)
		}
	}
}

// all collects those of a branch and of all that follow it.
func (c *collection) all(b *branch) {
	if b.first >= c.before {
		return
	}
	c.at(b)
	for _, s := range []*shelf{&b.whole, &b.begun, &b.open} {
		for _, b := range s.branches {
			c.all(b)
		}
	}
}

// at collects those that stand at b itself.
func (c *collection) at(b *branch) {
	c.add(b.here)
	for part, told := range b.told {
		begins := []string{""} // one of which every text begins with
		for _, clause := range c.of.clauses {
			if clause.part != part {
				continue
			}
			if texts, ok := clause.condition.begins(); ok || clause.condition.kind == absent {
				begins = texts
			}
		}
		for _, begin := range begins {
			for b := range told.beside(begin) {
				c.add(b.here)
			}
		}
	}
}

// add collects of places in their order those that stand before the one.
func (c *collection) add(places []int) {
	n, _ := slices.BinarySearch(places, c.before)
	c.places = append(c.places, places[:n]...)
}

// A shelf has branches by texts.
type shelf struct {
	branches map[string]*branch
	texts    []string // sorted
}

// at returns the branch of a text, which it makes if it is not there.
func (s *shelf) at(text string) *branch {
	if s.branches == nil {
		s.branches = map[string]*branch{}
	}
	if s.branches[text] == nil {
		s.branches[text] = &branch{}
	}
	return s.branches[text]
}

// sort makes s ready to be asked, and returns the least place in it.
func (s *shelf) sort() int {
	first := math.MaxInt
	s.texts = slices.Sorted(maps.Keys(s.branches))
	for _, b := range s.branches {
		b.sort()
		first = min(first, b.first)
	}
	return first
}

// before yields the branches whose texts a text begins with.
func (s *shelf) before(text string) iter.Seq[*branch] {
	return func(yield func(*branch) bool) {
		for i := range len(text) + 1 {
			if b := s.branches[text[:i]]; b != nil && !yield(b) {
				return
			}
		}
	}
}

// after yields the branches whose texts begin with a text.
func (s *shelf) after(text string) iter.Seq[*branch] {
	return func(yield func(*branch) bool) {
		first, _ := slices.BinarySearch(s.texts, text)
		for _, t := range s.texts[first:] {
			if !strings.HasPrefix(t, text) || !yield(s.branches[t]) {
				return
			}
		}
	}
}

// beside yields the branches whose texts begin with a text, and those that it begins with.
func (s *shelf) beside(text string) iter.Seq[*branch] {
	return func(yield func(*branch) bool) {
		for i := range len(text) {
			if b := s.branches[text[:i]]; b != nil && !yield(b) {
				return
			}
		}
		s.after(text)(yield)
	}
}

// begins returns texts one of which every text begins with that fulfils the condition. False: it asks for no text.
func (c *condition) begins() ([]string, bool) {
	switch c.kind {
	case oneOf:
		return c.texts, true
	case below:
		return []string{c.text}, true
	case matching:
		return c.expression.begins, true
	}
	return nil, false
}
