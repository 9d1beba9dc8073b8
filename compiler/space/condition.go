package space

import (
	"slices"
	"strings"
)

// A condition says what one part of a request has to be. Equal conditions of a Space are the same pointer.
type condition struct {
	kind       conditionKind
	texts      []string // of oneOf, sorted
	text       string   // of below and wildcard: what it stands behind, or the suffix
	expression *expression
	number     int32 // among the conditions of the Space
}

type conditionKind int

const (
	oneOf    conditionKind = iota // one of some texts; of none: nothing is
	below                         // the path or below it, by whole segments
	wildcard                      // a host with one label or more before a suffix
	present                       // a field or parameter that is there
	absent                        // one that is not
	matching                      // a text that an expression matches
)

// holds reports whether a part that is there, with this text, fulfils the condition.
func (c *condition) holds(text string) bool {
	switch c.kind {
	case oneOf:
		_, ok := slices.BinarySearch(c.texts, text)
		return ok
	case below:
		return isBelow(text, c.text)
	case wildcard:
		return len(text) > len(c.text) && strings.HasSuffix(text, c.text) && text[len(text)-len(c.text)-1] == '.'
	case matching:
		return c.expression.matches(text)
	}
	return c.kind == present
}

// isBelow reports whether a path is a prefix, which has no slash at its end, or below it.
func isBelow(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}

type conditionKey struct {
	kind conditionKind
	text string
}

// oneOf returns the condition that a part is one of some texts.
func (s *Space) oneOf(texts ...string) *condition {
	texts = slices.Clone(texts)
	slices.Sort(texts)
	texts = slices.Compact(texts)
	var key strings.Builder
	for _, text := range texts {
		key.WriteString(strings.ReplaceAll(text, "\x00", "\x00\x00"))
		key.WriteString("\x00;")
	}
	c := s.condition(oneOf, key.String())
	c.texts = texts
	return c
}

// matching returns the condition that a part matches an expression.
func (s *Space) matching(text string) (*condition, error) {
	if c := s.spellings[text]; c != nil {
		return c, nil
	}
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := s.condition(matching, spelling(tree))
	if c.expression == nil {
		c.expression = newExpression(text, tree, &s.cells)
		s.expressions = append(s.expressions, c.expression)
	}
	s.spellings[text] = c
	return c, nil
}

// condition returns the condition of a kind that differs from others of it by a text.
func (s *Space) condition(kind conditionKind, text string) *condition {
	key := conditionKey{kind, text}
	c := s.conditions[key]
	if c == nil {
		c = &condition{kind: kind, text: text, number: int32(len(s.conditions))}
		s.conditions[key] = c
	}
	return c
}
