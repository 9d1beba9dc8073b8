package routing

import (
	"iter"
	"strings"
)

// Patterns are the host patterns of a listener: names, and wildcards ("*.example.com"). Where there are none it takes every host.
type Patterns struct {
	all []string
	set map[string]bool
	// below has, by what a wildcard stands before, the patterns of no other hosts than those.
	below map[string][]string
}

// PatternsOf returns patterns as they are written in a model.
func PatternsOf(list []string) Patterns {
	p := Patterns{all: lower(list), set: map[string]bool{}, below: map[string][]string{}}
	for _, pattern := range p.all {
		p.set[pattern] = true
		for rest, more := strings.TrimPrefix(pattern, "*."), true; more; {
			if _, rest, more = strings.Cut(rest, "."); more {
				p.below[rest] = append(p.below[rest], pattern)
			}
		}
	}
	return p
}

// On yields what of a pattern's hosts is taken, as patterns: that one itself, or those of the listener that lie within it. The
// pattern is in lower case; "" is any host.
func (p Patterns) On(pattern string) iter.Seq[string] {
	return func(yield func(string) bool) {
		within := p.all
		switch suffix, wild := strings.CutPrefix(pattern, "*."); {
		case p.TakesAll(pattern):
			yield(pattern)
			return
		case wild:
			within = p.below[suffix]
		case pattern != "":
			return
		}
		for _, other := range within {
			if !yield(other) {
				return
			}
		}
	}
}

// TakesAll reports whether all of a pattern's hosts are taken by one of the patterns. The pattern is in lower case; "" is any host.
func (p Patterns) TakesAll(pattern string) bool { return len(p.all) == 0 || p.closest(pattern) != "" }

// Takes reports whether some of a pattern's hosts are taken.
func (p Patterns) Takes(pattern string) bool {
	for range p.On(strings.ToLower(pattern)) {
		return true
	}
	return false
}

// closest returns the most specific pattern that takes a host, or all of a wildcard; "" where there is none.
func (p Patterns) closest(host string) string {
	if p.set[host] {
		return host
	}
	for rest, more := host, true; more; {
		if _, rest, more = strings.Cut(rest, "."); p.set["*."+rest] {
			return "*." + rest
		}
	}
	return ""
}

// Meet returns the pattern of the hosts that two patterns have in common; false: there are none.
func Meet(a, b string) (string, bool) {
	switch {
	case b == "" || within(a, b):
		return a, true
	case a == "" || within(b, a):
		return b, true
	}
	return "", false
}

// within reports whether all hosts of a pattern are those of another, which is not "".
func within(a, b string) bool {
	suffix, wild := strings.CutPrefix(b, "*")
	return a == b || wild && len(a) > len(suffix) && strings.HasSuffix(a, suffix)
}
