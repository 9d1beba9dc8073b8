package space

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gwc.dev/schema"
	"gwc.dev/schema/header"
)

// A Match is the requests that fulfil a condition in each of some parts; what it does not mention may be anything.
type Match struct {
	clauses []clause // those that are cheap to look at first
}

// A clause is a condition on a part of requests.
type clause struct {
	part      *part
	condition *condition
}

// A part is a place in requests that conditions are about.
type part struct {
	partKey
	number int32 // among the parts of the Space
}

type partKey struct {
	kind partKind
	name string // of a field, in lower case, or of a parameter
}

type partKind int

const (
	hostPart partKind = iota
	pathPart
	methodPart
	headerPart
	queryPart
)

// Match returns the requests that m takes on a host pattern: a name, "*.example.com", or "" for any host. A nil m
// takes every path.
//
// The error is for paths and expressions that are none, and for values that are no UTF-8.
func (s *Space) Match(m *schema.Match, host string) (*Match, error) {
	out := &Match{}
	s.addHost(out, host)
	if m == nil {
		return out, nil
	}
	if err := s.addPath(out, m.Path); err != nil {
		return nil, err
	}
	if len(m.Methods) > 0 {
		methods := slices.DeleteFunc(slices.Clone(m.Methods), func(name string) bool { return !isMethod(name) })
		s.add(out, methodPart, "", s.oneOf(methods...))
	}
	for name, v := range schema.Sorted(m.Headers) {
		if err := s.addHeader(out, strings.ToLower(name), v); err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
	}
	for name, v := range schema.Sorted(m.Query) {
		c, err := s.value(v)
		if err != nil {
			return nil, fmt.Errorf("query parameter %q: %w", name, err)
		}
		s.add(out, queryPart, name, c)
	}
	slices.SortStableFunc(out.clauses, func(a, b clause) int { return int(a.condition.kind) - int(b.condition.kind) })
	return out, nil
}

// Takes reports whether a request is in m.
func (m *Match) Takes(r *Request) bool {
	for _, c := range m.clauses {
		text, ok := r.value(c.part)
		if !ok && c.condition.kind != absent || ok && !c.condition.holds(text) {
			return false
		}
	}
	return true
}

// TakesPath reports whether a path is one of m's.
func (m *Match) TakesPath(path string) bool {
	c := m.on(pathPart)
	return c == nil || c.holds(path)
}

// TakesBelow reports whether a path and all paths below it are m's, as far as that is plain to see: not where an expression
// says which ones are.
func (m *Match) TakesBelow(path string) bool {
	c := m.on(pathPart)
	return c == nil || c.kind == below && c.holds(path)
}

// Host returns the pattern of the hosts that a match of a host pattern, or of what a request of one announces, is about; "" is any.
func (m *Match) Host() string {
	switch c := m.on(hostPart); {
	case c == nil:
		return ""
	case c.kind == wildcard:
		return "*." + c.text
	default:
		return c.texts[0]
	}
}

func (s *Space) add(m *Match, kind partKind, name string, c *condition) {
	m.clauses = append(m.clauses, clause{s.part(kind, name), c})
}

func (s *Space) part(kind partKind, name string) *part {
	key := partKey{kind, name}
	p := s.parts[key]
	if p == nil {
		p = &part{key, int32(len(s.parts))}
		s.parts[key] = p
	}
	return p
}

func (s *Space) addHost(m *Match, pattern string) {
	pattern = strings.ToLower(pattern)
	if suffix, ok := strings.CutPrefix(pattern, "*."); ok {
		s.add(m, hostPart, "", s.condition(wildcard, suffix))
	} else if pattern != "" {
		s.add(m, hostPart, "", s.oneOf(pattern))
	}
}

func (s *Space) addPath(m *Match, in *schema.PathMatch) error {
	switch {
	case in == nil:
	case in.Exact != "":
		path, ok := schema.NormalizePath(in.Exact)
		if !ok {
			return fmt.Errorf("%q is not a path", in.Exact)
		}
		s.add(m, pathPart, "", s.oneOf(path))
	case in.Regex != "":
		c, err := s.matching(in.Regex)
		if err != nil {
			return fmt.Errorf("path: %w", err)
		}
		s.add(m, pathPart, "", c)
	case in.Prefix != "":
		path, ok := schema.NormalizePath(in.Prefix)
		if !ok {
			return fmt.Errorf("%q is not a path", in.Prefix)
		}
		if path != "/" {
			s.add(m, pathPart, "", s.condition(below, strings.TrimSuffix(path, "/")))
		}
	}
	return nil
}

func (s *Space) addHeader(m *Match, name string, v schema.ValueMatch) error {
	c, err := s.value(v)
	switch {
	case err != nil:
		return err
	case header.IsToken(name) && isSeen(name):
		if c.kind == oneOf && !s.universes.fields.run(c.texts[0]) {
			c = s.oneOf()
		}
		s.add(m, headerPart, name, c)
	case c.kind != absent: // such a field is never there
		s.add(m, headerPart, name, s.oneOf())
	}
	return nil
}

func (s *Space) value(v schema.ValueMatch) (*condition, error) {
	switch {
	case v.Exact != nil && !utf8.ValidString(*v.Exact):
		return nil, fmt.Errorf("%q is not UTF-8", *v.Exact)
	case v.Exact != nil:
		return s.oneOf(*v.Exact), nil
	case v.Regex != "":
		return s.matching(v.Regex)
	case v.Present != nil && *v.Present:
		return s.condition(present, ""), nil
	case v.Present != nil:
		return s.condition(absent, ""), nil
	}
	return nil, fmt.Errorf("the match has none of exact, regex and present")
}

// maxMethod bounds the name of a method: requests with longer ones are refused.
const maxMethod = 32

// isMethod reports whether requests of that method are routed.
func isMethod(name string) bool {
	return header.IsToken(name) && len(name) <= maxMethod && name != "CONNECT"
}

// isSeen reports whether a request may have a field when it is matched.
func isSeen(name string) bool {
	switch header.KindOf(name) {
	case header.Connection, header.Lookalike, header.Removed:
		return false
	}
	return true
}
