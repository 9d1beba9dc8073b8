package route

import "strings"

// A site is the routes of one host pattern, by path.
type site struct {
	exact   map[string]*candidates
	longest int // exact path: nothing longer is looked up
	root    node
	regex   bool // there are any
}

// A node is a path of whole segments, in a tree of them.
type node struct {
	parent   *node
	children map[string]*node
	prefix   *candidates // the routes with this prefix
	regexes  *candidates // those with expressions whose literal beginning ends in this path
}

func newSite() *site { return &site{exact: map[string]*candidates{}} }

// match returns the first match of a request by path, and by rank where the paths say nothing.
func (s *site) match(r *request) *match {
	path := r.Path
	if len(path) <= s.longest {
		if found := s.exact[path].first(r, nil); found != nil {
			return found
		}
	}
	deepest := s.root.walk(path)
	for n := deepest; n != nil; n = n.parent {
		if found := n.prefix.first(r, nil); found != nil {
			return found
		}
	}
	var found *match
	if s.regex {
		for n := deepest; n != nil; n = n.parent {
			found = n.regexes.first(r, found)
		}
	}
	return found
}

// walk goes down from n as far as the path's segments lead. Its work is bounded by the depth of the tree, however
// many segments the path has.
func (n *node) walk(path string) *node {
	rest := path[1:]
	for more := true; more && n.children != nil; {
		var segment string
		segment, rest, more = strings.Cut(rest, "/")
		child := n.children[segment]
		if child == nil {
			break
		}
		n = child
	}
	return n
}

// add puts a match in its place.
func (s *site) add(m *match) {
	switch p := m.path; p.kind {
	case exactPath:
		if s.exact[p.text] == nil {
			s.exact[p.text] = &candidates{}
		}
		s.exact[p.text].add(m)
		s.longest = max(s.longest, len(p.text))
	case prefixPath:
		n := s.root.grow(p.text)
		if n.prefix == nil {
			n.prefix = &candidates{}
		}
		n.prefix.add(m)
	case regexPath:
		s.regex = true
		n := s.root.grow(p.text)
		if n.regexes == nil {
			n.regexes = &candidates{}
		}
		n.regexes.add(m)
	}
}

// grow returns the node of a path, with or without a slash at its end, which it makes if it is not there.
func (n *node) grow(path string) *node {
	path = strings.Trim(path, "/")
	if path == "" {
		return n
	}
	for segment := range strings.SplitSeq(path, "/") {
		child := n.children[segment]
		if child == nil {
			child = &node{parent: n}
			if n.children == nil {
				n.children = map[string]*node{}
			}
			n.children[segment] = child
		}
		n = child
	}
	return n
}

// freeze prepares all that was added for matching.
func (s *site) freeze() {
	for _, c := range s.exact {
		c.freeze()
	}
	s.root.freeze()
}

// freeze recurses as deep as a path has segments, of which Build bounds the number.
func (n *node) freeze() {
	n.prefix.freeze()
	n.regexes.freeze()
	for _, child := range n.children {
		child.freeze()
	}
}
