package space

import (
	"strings"

	"gwc.dev/schema"
)

// path finds a path where no exact one is given.
func (q *question) path() answer {
	q.meter.spend(len(q.in) + len(q.out))
	prefix := "" // the longest, which lies below all others
	for _, c := range q.in {
		if c.kind == below && len(c.text) > len(prefix) {
			prefix = c.text
		}
	}
	for _, c := range q.in {
		if c.kind == below && !isBelow(prefix, c.text) {
			return none
		}
	}
	var exact, prefixes []string // of out, those that meet the prefix
	for _, c := range q.out {
		switch {
		case c.kind == below && isBelow(prefix, c.text):
			return none
		case c.kind == below && isBelow(c.text, prefix):
			prefixes = append(prefixes, c.text)
		}
		for _, text := range c.texts {
			if isBelow(text, prefix) {
				exact = append(exact, text)
			}
		}
	}
	switch {
	case !q.costly():
		return found(freshPath(prefix, exact, prefixes))
	case !q.affordable():
		return answer{verdict: Undecided}
	}
	want, avoid := automata(q.in), automata(q.out)
	if prefix != "" {
		want = append(want, q.trie(nil, []string{prefix}))
	}
	if len(exact)+len(prefixes) > 0 {
		avoid = append(avoid, q.trie(exact, prefixes))
	}
	return q.search(q.universe(), want, avoid, false)
}

// freshPath returns a path at or below a prefix that none of the texts is, nor below one of the prefixes. All of
// them are below the prefix.
func freshPath(prefix string, exact, prefixes []string) string {
	self := prefix
	if self == "" {
		self = "/"
	}
	free := true
	var segments []string // that follow the prefix
	for _, text := range exact {
		free = free && text != self
	}
	for _, list := range [][]string{exact, prefixes} {
		for _, text := range list {
			if rest := text[len(prefix):]; rest != "" {
				segment, _, _ := strings.Cut(rest[1:], "/")
				segments = append(segments, segment)
			}
		}
	}
	if free {
		return self
	}
	return prefix + "/" + fresh(segments, "a")
}

// twoWays returns the requests with such a path.
func (s *Space) twoWays() *Match {
	m, err := s.Match(&schema.Match{Path: &schema.PathMatch{Regex: `.*(;|%2F|%5C|%3B).*`}}, "")
	if err != nil {
		panic(err) // the expression is ours
	}
	return m
}
